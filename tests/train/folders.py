"""Data sets of tiny pictures, made on the spot: folders of class folders, and parquet files."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import datasets
import numpy as np
from datasets import ClassLabel, Dataset, Features
from PIL import Image

HUES = {"red": np.array((200, 40, 40)), "green": np.array((40, 200, 40)), "blue": np.array((40, 40, 200))}
GREY = np.array((120, 120, 120))


def picture(name: str, seed: int) -> Image.Image:
    """24 × 20 pixels of noise around a class's colour, grey where it has none."""
    noise = np.random.default_rng(seed).integers(-40, 41, (20, 24, 3))
    return Image.fromarray((HUES.get(name, GREY) + noise).clip(0, 255).astype(np.uint8))


def class_folders(where: Path, counts: Mapping[str, int], format: str = "png") -> Path:
    for name, count in counts.items():
        (where / name).mkdir(parents=True, exist_ok=True)
        for seed in range(count):
            picture(name, seed).save(where / name / f"{seed:02}.{format}")
    return where


def parquet(where: Path, names: Sequence[str], counts: Mapping[str, int]) -> Path:
    """As `datasets` lays them out: data/<split>-00000-of-00001.parquet with image bytes inside."""
    (where / "data").mkdir(parents=True)
    for split, count in counts.items():
        labels = [number % len(names) for number in range(count)]
        images = [{"bytes": _png(picture(names[label], seed)), "path": None} for seed, label in enumerate(labels)]
        features = Features({"image": datasets.Image(), "label": ClassLabel(names=list(names))})
        rows = Dataset.from_dict({"image": images, "label": labels}, features=features)
        rows.to_parquet(where / "data" / f"{split}-00000-of-00001.parquet")
    return where


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()
