"""Bytes of an uploaded file → an upright 8-bit RGB `Photo`, or a sentence that says what to do.

Files are told apart by their content, never by their name. Sizes are read from the header and checked before
anything is decoded. Knows nothing of networks.
"""

import hashlib
import io
import struct
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

LONGEST_SIDE = 1280  # pixels kept of the longer side
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
MEGAPIXELS = {"baseline JPEG": 200, "progressive JPEG": 40, "other": 50}  # most that is decoded

_REMEDY = "Save it as JPEG or PNG and try again."
_ACCEPTED = (  # how a file starts (offset, bytes) → what it is called
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"\x89PNG\r\n\x1a\n", "PNG"),
    (8, b"WEBP", "WebP"),
    (0, b"GIF8", "GIF"),
)
_REFUSED = (
    (0, b"%PDF", "a PDF document"),
    (0, b"%!PS", "a PostScript file"),
    (0, b"<svg", "an SVG drawing"),
    (0, b"<?xml", "an XML or SVG file"),
    (0, b"BM", "a BMP picture"),
    (0, b"II*\0", "a TIFF picture"),
    (0, b"MM\0*", "a TIFF picture"),
    (0, b"8BPS", "a Photoshop file"),
    (0, b"PK\3\4", "a ZIP archive or office document"),
    (4, b"ftypavif", "an AVIF picture"),
    (4, b"ftyphei", "a HEIC picture, as iPhones take them"),
    (4, b"ftypmif1", "a HEIC picture, as iPhones take them"),
    (4, b"ftyp", "a video"),
    (0, b"\x1aE\xdf\xa3", "a video"),
)
_ORIENTATION = 0x0112  # the EXIF tag; its values: how the stored picture is turned upright
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = (5, 6, 7, 8)  # those that swap width and height
_DECODER_FAILURES = (  # what Pillow raises on damaged files, each seen on real ones
    UnidentifiedImageError,
    OSError,
    ValueError,
    SyntaxError,
    NotImplementedError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    struct.error,
    zlib.error,
)

Image.MAX_IMAGE_PIXELS = None  # `_check_size` knows which formats cost how much; Pillow's one limit does not


class PhotoError(Exception):
    """A file that cannot be shown; its text is a sentence for the visitor."""


@dataclass(frozen=True)
class Photo:
    """An upright photo in memory.

    pixels: uint8 (H, W, 3), RGB as stored (colour profiles are not applied), read-only, longer side at most `LONGEST_SIDE`.
    width, height: size of the original in pixels, as a person sees it (after the EXIF turn).
    changes: what was done to it, in words, in order.
    sha256: of the uploaded bytes, hexadecimal.
    """

    pixels: NDArray[np.uint8]
    width: int
    height: int
    format: str
    changes: tuple[str, ...]
    sha256: str


def read(data: bytes) -> Photo:
    """Decodes the bytes of a JPEG, PNG, WebP or GIF file (its first frame).

    Raises PhotoError for everything else, for damaged files and for pictures too large to decode.
    """
    image = _open(data)
    _check_size(image)
    try:
        return _decode(image, hashlib.sha256(data).hexdigest())
    except _DECODER_FAILURES as failure:
        raise PhotoError(_damaged(_format(image))) from failure


def from_pixels(pixels: NDArray[np.uint8], format: str) -> Photo:
    """A `Photo` of pixels made by code: uint8 (H, W, 3), no side longer than `LONGEST_SIDE`."""
    height, width, _ = pixels.shape
    return Photo(_frozen(pixels), width, height, format, (), hashlib.sha256(pixels.tobytes()).hexdigest())


def _open(data: bytes) -> Image.Image:
    if not data:
        raise PhotoError("This file is empty. Choose another.")
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except _DECODER_FAILURES as failure:
        raise PhotoError(_why_not(data)) from failure


def _why_not(data: bytes) -> str:
    """The sentence for a file that does not open, by how it starts."""
    for kinds, sentence in ((_ACCEPTED, _damaged), (_REFUSED, _refused)):
        for offset, start, name in kinds:
            if data.startswith(start, offset):
                return sentence(name)
    return "This file is not a picture that can be read here. Choose a JPEG, PNG, WebP or GIF file."


def _damaged(format: str) -> str:
    return f"This {format} file is damaged or cut short, so it cannot be shown. Send it again or choose another."


def _refused(name: str) -> str:
    return f"This file is {name}, which cannot be read here. {_REMEDY}"


def _format(image: Image.Image) -> str:
    """A multi-picture file, as some cameras write them, is a JPEG with more behind it."""
    names = {"MPO": "JPEG", "WEBP": "WebP"}
    return names.get(image.format or "", image.format or "unknown")


def _check_size(image: Image.Image) -> None:
    kind = "other"
    if _format(image) == "JPEG":
        kind = "progressive JPEG" if "progressive" in image.info else "baseline JPEG"
    megapixels = image.width * image.height / 1e6
    if megapixels > MEGAPIXELS[kind]:
        raise PhotoError(
            f"This picture has {megapixels:,.0f} megapixels ({image.width:,} × {image.height:,}); "
            f"at most {MEGAPIXELS[kind]} can be read in this format. Make it smaller and try again."
        )


def _decode(image: Image.Image, sha256: str) -> Photo:
    changes = []
    width, height = image.size
    if getattr(image, "is_animated", False) and _format(image) != "JPEG":
        changes.append("first frame of an animation")

    shrink = LONGEST_SIDE / max(width, height)
    if shrink < 1:
        image.draft(None, (max(1, round(width * shrink)), max(1, round(height * shrink))))
    image.load()
    orientation = _orientation(image)
    turned = image.transpose(_TURNS[orientation]) if orientation in _TURNS else image
    if orientation in _TURNS:
        changes.append("turned upright")
    if orientation in _SIDEWAYS:
        width, height = height, width

    rgb, how = _to_rgb(turned)
    changes += how
    if max(width, height) > LONGEST_SIDE:
        rgb.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS, reducing_gap=2)
        changes.append(f"reduced from {width:,} × {height:,} to {rgb.width:,} × {rgb.height:,} pixels")
    return Photo(_frozen(np.asarray(rgb)), width, height, _format(image), tuple(changes), sha256)


def _orientation(image: Image.Image) -> object:
    """As the EXIF data have it. Damaged EXIF data say nothing, and do no harm to the pixels."""
    try:
        return image.getexif().get(_ORIENTATION)
    except _DECODER_FAILURES:
        return None


def _to_rgb(image: Image.Image) -> tuple[Image.Image, list[str]]:
    if image.mode.startswith("I"):
        levels = (np.asarray(image) >> 8).astype(np.uint8)
        return Image.fromarray(levels).convert("RGB"), ["16 bit turned into 8"]
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        paper = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(paper, layer).convert("RGB"), ["transparent parts shown on white"]
    if image.mode == "CMYK":
        return image.convert("RGB"), ["CMYK turned into RGB"]
    return image.convert("RGB"), []


def _frozen(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    copy = np.array(pixels)
    copy.flags.writeable = False
    return copy
