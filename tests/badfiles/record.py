"""One odd file: how it is made, and what a visitor must get for it."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convoscope.cached import cached_property

EMPTY = "This file is empty. Choose another."
UNKNOWN = "This file is not a picture that can be read here. Choose a JPEG, PNG, HEIC, WebP, AVIF, GIF, TIFF or BMP file."


@dataclass(frozen=True)
class Shown:
    """A photo comes out.

    width, height: of the original, upright, in pixels. like: the pixels to expect, 0-255, of the photo's shape (H, W, 3) or one
    that broadcasts to it; NaN stands for any value. within: how far each value may be off.
    """

    format: str
    width: int
    height: int
    like: NDArray[np.float64] = field(repr=False)
    within: float


@dataclass(frozen=True)
class BadFile:
    """expected: what is shown, or the exact sentence of the refusal."""

    name: str
    make: Callable[[], bytes]
    expected: Shown | str

    @cached_property
    def data(self) -> bytes:
        """Made once, when it is first asked for; the same bytes each time."""
        return self.make()


@dataclass(frozen=True)
class CostlyFile:
    """kind: the small file of `scene.whole` that the same decoder reads."""

    name: str
    kind: str
    make: Callable[[], bytes]


def shows(format: str, pixels: ArrayLike, within: float = 0) -> Shown:
    """A picture of the size of `pixels`, (H, W, 3) or (H, W) in grey."""
    like = np.asarray(pixels, np.float64)
    if like.ndim == 2:
        like = np.repeat(like[..., None], 3, axis=2)
    return Shown(format, like.shape[1], like.shape[0], like, within)


def plain(format: str, size: tuple[int, int], colour: ArrayLike, within: float = 0) -> Shown:
    """A picture of one colour, of any size (width, height)."""
    return Shown(format, *size, np.asarray(colour, np.float64), within)


def damaged(format: str) -> str:
    return f"This {format} file is damaged or cut short, so it cannot be shown. Send it again or choose another."


def refused(kind: str) -> str:
    return f"This file is {kind}, which cannot be read here. Save it as JPEG or PNG and try again."


def no_picture(kind: str) -> str:
    return f"This file is {kind}, not a picture. Choose a photo, such as a JPEG or PNG file."


def rare(format: str) -> str:
    return refused(f"{'an' if format == 'AVIF' else 'a'} {format} picture of a rare kind")


def too_large(megapixels: str, size: str, limit: int) -> str:
    return (
        f"This picture has {megapixels} megapixels ({size}); at most {limit} can be read in this format. "
        "Make it smaller and try again."
    )
