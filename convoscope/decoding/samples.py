"""Numbers of any kind, as TIFF files of instruments and cameras hold them, → levels from 0 to 255."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

NO_SPAN = (np.inf, -np.inf)

_DIFFERENCES, _DIFFERENCES_OF_BYTES = 2, 3
_WHITE = 255  # what is not a number, like what is transparent


@dataclass(frozen=True)
class Samples:
    """How the numbers lie in the bytes of a row.

    type: of one number, with its order of bytes. width: in pixels. channels: numbers of a pixel: those of the mode (Pillow's),
    then alpha if there is one; what is beyond is left out. unit: pixels that are packed together, those of a tile or of the
    whole row. predictor: TIFF's, 1 is none. inverted: 0 is white.
    """

    type: np.dtype[Any]
    width: int
    channels: int
    mode: str
    alpha: bool
    unit: int
    predictor: int
    inverted: bool

    @property
    def unit_bytes(self) -> int:
        return self.unit * self.channels * self.type.itemsize

    @property
    def row_bytes(self) -> int:
        return -(-self.width // self.unit) * self.unit_bytes

    @property
    def is_fixed(self) -> bool:
        """16 bit are like 8 bit. Other numbers have no black and white of their own."""
        return self.type.kind == "u" and self.type.itemsize <= 2

    def numbers(self, rows: NDArray[np.uint8]) -> NDArray[Any]:
        """uint8 (H, row_bytes) → (H, W, channels)."""
        size = self.type.itemsize
        if self.predictor == _DIFFERENCES_OF_BYTES:  # TIFF Technical Note 3: all first bytes, all second bytes, …
            units = rows.reshape(len(rows), -1, self.unit * size, self.channels).cumsum(axis=2, dtype=np.uint8)
            planes = units.reshape(len(rows), -1, size, self.unit * self.channels).swapaxes(2, 3)
            values = np.ascontiguousarray(planes).view(self.type.newbyteorder(">"))
        else:
            values = rows.reshape(len(rows), -1, self.unit, self.channels * size).view(self.type)
        if self.predictor == _DIFFERENCES:
            native, whole = self.type.newbyteorder("="), np.dtype(f"u{size}")
            values = values.astype(native).view(whole).cumsum(axis=2, dtype=whole).view(native)
        return values.reshape(len(rows), -1, self.channels)[:, : self.width]

    def span(self, rows: NDArray[np.uint8]) -> tuple[float, float]:
        """The smallest and the largest finite number of the colours; `NO_SPAN` if there is none."""
        colours = self.numbers(rows)[..., : len(Image.new(self.mode, (1, 1)).getbands())]
        finite = colours[np.isfinite(colours)]
        return (float(finite.min()), float(finite.max())) if finite.size else NO_SPAN

    def picture(self, rows: NDArray[np.uint8], span: tuple[float, float]) -> Image.Image:
        """Of the mode, with alpha if there is one.

        Levels are the upper 8 of 16 bits; floats within 0 to 1 are taken as they are; all other numbers from the smallest
        to the largest of the picture, its `span`.
        """
        numbers = self.numbers(rows)
        bands = len(Image.new(self.mode, (1, 1)).getbands())
        low, high = (0.0, 1.0) if self.type.kind == "f" and 0 <= span[0] <= span[1] <= 1 else span
        colours = self._levels(numbers[..., :bands], low, high)
        if self.inverted:
            colours = 255 - colours
        colours[_unknown(numbers[..., :bands])] = _WHITE
        if not self.alpha:
            return Image.frombytes(self.mode, (self.width, len(rows)), colours.tobytes())
        most = 1.0 if self.type.kind == "f" else float(np.iinfo(self.type).max)
        alpha = self._levels(numbers[..., bands : bands + 1], 0, most)
        return Image.frombytes(self.mode + "A", (self.width, len(rows)), np.concatenate([colours, alpha], 2).tobytes())

    def _levels(self, numbers: NDArray[Any], low: float, high: float) -> NDArray[np.uint8]:
        if self.is_fixed:
            return (numbers >> 8 * (self.type.itemsize - 1)).astype(np.uint8)
        if low >= high:
            return np.zeros(numbers.shape, np.uint8)
        halves = numbers.astype(np.float64) / 2  # so that no difference is infinite
        share = (np.nan_to_num(halves, nan=low / 2, posinf=high / 2, neginf=low / 2) - low / 2) / (high / 2 - low / 2)
        return (share.clip(0, 1) * 255).round().astype(np.uint8)


def _unknown(numbers: NDArray[Any]) -> NDArray[np.bool_]:
    return np.isnan(numbers) if numbers.dtype.kind == "f" else np.zeros(numbers.shape, np.bool_)
