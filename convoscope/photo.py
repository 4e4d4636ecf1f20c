"""Bytes of an uploaded file → an upright 8-bit sRGB `Photo`, or a sentence that says what to do.

    signature → containers → size → decoder → raster → colours → upright

What a file is shows in its content. It is taken apart before anything is decoded: the sizes in its header tell what decoding
would cost, and a decoder sees no more than the first picture. Knows nothing of networks.
"""

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from convoscope.cached import cached_property
from convoscope.decoding.colours import to_srgb
from convoscope.decoding.compact import REDUCTIONS, compact, expanded
from convoscope.decoding.containers import FAILURES, Contents, bmp, gif, heif, jpeg, png, tiff, webp
from convoscope.decoding.decoder import decode
from convoscope.decoding.raster import Raster, reduced
from convoscope.decoding.refusal import PhotoError, damaged, too_large, too_long
from convoscope.decoding.signature import recognise

__all__ = ["DECODERS", "LONGEST_SIDE", "MEGAPIXELS", "Photo", "PhotoError", "from_pixels", "read"]

LONGEST_SIDE = 800  # pixels kept of the longer side: as many as are shown; every visitor holds a photo in memory
MEGAPIXELS = {"baseline JPEG": 200, "progressive JPEG": 40, "other": 50}  # most that is decoded, for the time it takes
MEMORY = 280_000_000  # most bytes that a decoder may need
LONGEST_STORED_SIDE = 200_000  # pixels: each row costs something, however short
DECODERS = 2  # that work at the same time; other visitors wait

_CONTAINERS: dict[str, Callable[[bytes], Contents]] = {
    "JPEG": jpeg.contents,
    "PNG": png.contents,
    "GIF": gif.contents,
    "WebP": webp.contents,
    "BMP": bmp.contents,
    "TIFF": tiff.contents,
    "HEIC": heif.heic,
    "AVIF": heif.avif,
}
_TURNS = {  # EXIF's orientation: how the stored picture is turned upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_OPAQUE = {"RGBA": "RGB", "LA": "L"}  # what is left of a mode without alpha
_SIDEWAYS = (5, 6, 7, 8)  # those that swap width and height
_decoders = threading.BoundedSemaphore(DECODERS)


@dataclass(frozen=True)
class Photo:
    """An upright photo in memory.

    kept: its pixels; of a picture that had to be reduced a JPEG file, a tenth of their size, and what that holds are its pixels.
    shape: of the pixels, (H, W); the longer side is at most `LONGEST_SIDE`.
    width, height: size of the original in pixels, as a person sees it (upright).
    format: its name, as people know it. changes: what was done to it, in words, in order.
    sha256: of the uploaded bytes, hexadecimal.
    """

    kept: NDArray[np.uint8] | bytes
    shape: tuple[int, int]
    width: int
    height: int
    format: str
    changes: tuple[str, ...]
    sha256: str

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """uint8 (H, W, 3), read-only, in sRGB: colour profiles are applied, and transparent parts are white."""
        return np.asarray(self.picture) if isinstance(self.kept, bytes) else self.kept

    @property
    def picture(self) -> Image.Image:
        """The pixels, mode RGB. Of one that is kept as a file they are decoded anew each time, in two milliseconds."""
        return expanded(self.kept) if isinstance(self.kept, bytes) else Image.fromarray(self.kept)

    def reduced(self, most: int) -> tuple[Image.Image, int]:
        """The picture, and how many times smaller it is in each direction: at most so many, and once where that saves nothing."""
        if not isinstance(self.kept, bytes):
            return self.picture, 1
        times = max(each for each in REDUCTIONS if each <= max(most, 1))
        return expanded(self.kept, times), times

    @cached_property
    def jpeg(self) -> bytes:
        """A JPEG file of it."""
        return self.kept if isinstance(self.kept, bytes) else compact(self.picture)


def read(data: bytes) -> Photo:
    """Decodes the first picture of a JPEG, PNG, HEIC, WebP, AVIF, GIF, TIFF or BMP file, at most `DECODERS` at the same time.

    Of numbers with 16 bits the upper 8 count. Floats from 0 to 1 are taken as they are, all other numbers from the smallest to
    the largest of the picture; what is not a number is white.
    Raises PhotoError for everything else, for damaged files, and for pictures that would cost too much.
    """
    format = recognise(data)
    sha256 = hashlib.sha256(data).hexdigest()
    with _decoders:
        try:
            contents = _CONTAINERS[format](data)
            _check_size(format, contents)
            return _photo(format, *decode(format, contents, LONGEST_SIDE), sha256)
        except FAILURES as failure:
            raise damaged(format) from failure


def from_pixels(pixels: NDArray[np.uint8], format: str) -> Photo:
    """A `Photo` of pixels made by code: uint8 (H, W, 3), no side longer than `LONGEST_SIDE`."""
    height, width, _ = pixels.shape
    kept = pixels.copy()
    kept.flags.writeable = False
    return Photo(kept, (height, width), width, height, format, (), hashlib.sha256(pixels.tobytes()).hexdigest())


def _check_size(format: str, contents: Contents) -> None:
    width, height, kind = contents.width, contents.height, "other"
    if format == "JPEG":
        kind = "baseline JPEG" if contents.one_pass else "progressive JPEG"
    limit = min(MEGAPIXELS[kind], MEMORY / contents.memory // 1e6)
    if width * height > limit * 1e6:
        raise too_large(width, height, limit)
    if max(width, height) > LONGEST_STORED_SIDE:
        raise too_long(width, height, LONGEST_STORED_SIDE)


def _photo(format: str, contents: Contents, raster: Raster, sha256: str) -> Photo:
    small = reduced(raster, LONGEST_SIDE)
    picture, colour_changes = to_srgb(small.convert(_OPAQUE[small.mode]) if small.mode in _OPAQUE else small, contents.profile)
    width, height, changes = contents.width, contents.height, [*contents.notes, *colour_changes]
    if small.mode in _OPAQUE and small.getextrema()[-1] != (255, 255):
        picture = Image.composite(picture, Image.new("RGB", picture.size, "white"), small.getchannel("A"))
        changes.append("transparent parts shown on white")
    if contents.orientation in _TURNS:
        picture = picture.transpose(_TURNS[contents.orientation])
        changes.append("turned upright")
    if contents.orientation in _SIDEWAYS:
        width, height = height, width
    kept: NDArray[np.uint8] | bytes
    if max(width, height) > LONGEST_SIDE:
        changes.append(f"reduced from {width:,} × {height:,} to {picture.width:,} × {picture.height:,} pixels")
        kept = compact(picture)
    else:
        kept = np.asarray(picture)
    return Photo(kept, (picture.height, picture.width), width, height, format, tuple(changes), sha256)
