"""A decoded picture, looked at a band of rows at a time, so that no second copy of a large one is ever made."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from convoscope.decoding.samples import NO_SPAN, Samples

BAND = 250_000  # pixels: what is worked on at a time stays in the processor's cache

_MODES = ("RGB", "RGBA", "L", "LA", "CMYK", "LAB")
_GREY = ("1", "L", "La")


@dataclass(frozen=True)
class Raster:
    """width, height: in pixels. band(top, bottom): those rows, in one of the modes RGB, RGBA, L, LA, CMYK and LAB."""

    width: int
    height: int
    band: Callable[[int, int], Image.Image]


def of_image(image: Image.Image) -> Raster:
    """image: of any mode but numbers of more than 16 bits."""

    def band(top: int, bottom: int) -> Image.Image:
        is_whole = (top, bottom) == (0, image.height)
        return _simple(image if is_whole else image.crop((0, top, image.width, bottom)))

    return Raster(image.width, image.height, band)


def of_rows(mode: str, size: tuple[int, int], rows: memoryview, stride: int) -> Raster:
    """rows: bytes of a picture as Pillow has them in this mode, each row of `stride` bytes."""
    width, height = size

    def band(top: int, bottom: int) -> Image.Image:
        part = rows[top * stride : bottom * stride]
        return _simple(Image.frombytes(mode, (width, bottom - top), part, "raw", mode, stride))

    return Raster(width, height, band)


def of_samples(image: Image.Image, samples: Samples) -> Raster:
    """image: mode L, its rows are the bytes of the samples."""

    def rows(top: int, bottom: int) -> NDArray[np.uint8]:
        return np.asarray(image.crop((0, top, image.width, bottom)))

    span = NO_SPAN
    if not samples.is_fixed:
        for top, bottom in _bands(image.width, image.height, 1):
            low, high = samples.span(rows(top, bottom))
            span = min(span[0], low), max(span[1], high)

    def band(top: int, bottom: int) -> Image.Image:
        return samples.picture(rows(top, bottom), span)

    return Raster(samples.width, image.height, band)


def reduced(raster: Raster, longest: int) -> Image.Image:
    """The whole picture, no side longer than `longest`: averages of blocks down to at least 1.5 times that, then Lanczos."""
    side = max(raster.width, raster.height)
    picture = _averaged(raster, max(1, int(side / (1.5 * longest))))
    if side <= longest:
        return picture
    size = max(1, round(raster.width * longest / side)), max(1, round(raster.height * longest / side))
    return picture.resize(size, Image.Resampling.LANCZOS)


def _averaged(raster: Raster, factor: int) -> Image.Image:
    if factor == 1:
        return raster.band(0, raster.height)
    picture = None
    for top, bottom in _bands(raster.width, raster.height, factor):
        band = raster.band(top, bottom).reduce(factor)
        picture = picture or Image.new(band.mode, (band.width, -(-raster.height // factor)))
        picture.paste(band, (0, top // factor))
    assert picture
    return picture


def _bands(width: int, height: int, factor: int) -> Iterator[tuple[int, int]]:
    """Rows from … to …, a multiple of `factor` but for the last ones."""
    rows = max(1, BAND // width // factor) * factor
    return ((top, min(top + rows, height)) for top in range(0, height, rows))


def _simple(band: Image.Image) -> Image.Image:
    """Of any mode → one of the few of a raster."""
    if band.mode.startswith("I;16"):
        return _upper_half(band)
    if band.mode in _MODES and "transparency" not in band.info:
        return band
    mode = "L" if band.mode in _GREY else "RGB"
    if not band.has_transparency_data:
        return band.convert(mode)
    layer = band.convert("RGBA")
    return layer.convert("LA") if mode == "L" else layer


def _upper_half(band: Image.Image) -> Image.Image:
    """16 bits of grey → 8, with alpha if a level is marked as transparent."""
    numbers = np.asarray(band)
    levels = (numbers >> 8).astype(np.uint8)
    if "transparency" not in band.info:
        return Image.fromarray(levels)
    alpha = np.where(numbers == band.info["transparency"], 0, 255).astype(np.uint8)
    return Image.fromarray(np.dstack([levels, alpha]))
