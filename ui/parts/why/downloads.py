"""Taking a map along: as a picture, and as numbers with their names and units."""

import io
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from convoscope.render import overlay
from ui.components.heat import Heat
from ui.visit import Visit

SIDE = 512  # pixels of a saved picture, about


@dataclass(frozen=True)
class Quantity:
    """values: an array of any shape. unit: what its numbers are."""

    values: NDArray[np.generic]
    unit: str


def downloads(visit: Visit, name: str, picture: NDArray[np.uint8], arrays: Mapping[str, Quantity]) -> None:
    """Two buttons: a picture, uint8 (H, W, 3), and arrays by name. name: in the names of the files."""
    file = f"{visit.selection.photo}-{visit.selection.model}-{name}"
    kinds = (
        ("Picture", "png", "image/png", lambda: png(picture)),
        ("Numbers (.npz)", "npz", "application/octet-stream", lambda: npz(arrays)),
    )
    with st.container(horizontal=True, gap="small"):
        for label, ending, mime, data in kinds:
            st.download_button(
                label,
                data,
                file_name=f"{file}.{ending}",
                mime=mime,
                icon=":material/download:",
                on_click="ignore",
                key=f"{ending}-{name}",
            )


def png(picture: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()


def npz(arrays: Mapping[str, Quantity]) -> bytes:
    """The arrays by name; `units`, (names, 2) strings, says what the numbers of each are."""
    file = io.BytesIO()
    units = np.array([(name, quantity.unit) for name, quantity in arrays.items()])
    np.savez_compressed(file, allow_pickle=False, units=units, **{name: quantity.values for name, quantity in arrays.items()})
    return file.getvalue()


def enlarged(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """uint8 (H, W, 1 or 3) → uint8 (…, …, 3), by a whole factor up to about `side` pixels."""
    factor = max(1, side // max(pixels.shape[:2]))
    coloured = np.repeat(pixels, 3, 2) if pixels.shape[2] == 1 else pixels
    return coloured.repeat(factor, 0).repeat(factor, 1)


def on_photo(shown: Heat) -> NDArray[np.uint8]:
    """The map over the picture: uint8 (about SIDE, SIDE, 3)."""
    base = Image.fromarray(enlarged(shown.picture, SIDE)).convert("RGBA")
    over = Image.fromarray(overlay(shown.values, shown.scale)).resize(base.size, Image.Resampling.NEAREST)
    return np.asarray(Image.alpha_composite(base, over).convert("RGB"))


def beside(*pictures: NDArray[np.uint8], gap: int = 8) -> NDArray[np.uint8]:
    """Pictures (H, W, 3) in a row, on white, their tops in a line."""
    height = max(len(picture) for picture in pictures)
    canvas = np.full((height, sum(picture.shape[1] + gap for picture in pictures) - gap, 3), 255, np.uint8)
    left = 0
    for picture in pictures:
        canvas[: len(picture), left : left + picture.shape[1]] = picture
        left += picture.shape[1] + gap
    return canvas
