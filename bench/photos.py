"""Photos of about 1,600 × 1,200 pixels, no two alike: clouds of several sizes with grain, as JPEG files."""

import io

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 1600, 1200
OCTAVES = ((3, 4, 90), (12, 16, 50), (48, 64, 30), (300, 400, 12))  # rows, columns, strength of each layer of clouds


def photo(seed: int) -> bytes:
    """A JPEG file of quality 90, about half a megabyte."""
    rng = np.random.default_rng(seed)
    pixels = np.full((HEIGHT, WIDTH, 3), 128, np.float32)
    for rows, columns, strength in OCTAVES:
        small = Image.fromarray(rng.integers(0, 256, (rows, columns, 3), np.uint8))
        cloud = np.asarray(small.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC), np.float32)
        pixels += (cloud - 128) * (strength / 128)
    file = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=90)
    return file.getvalue()


def renumbered(data: bytes, number: int) -> bytes:
    """The same picture in another file: a number after its end, which decoders pass over and checksums do not."""
    return data + number.to_bytes(8, "little")
