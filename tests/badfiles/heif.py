"""HEIC and AVIF: boxes in boxes; a picture is an item that one of them describes."""

import io
import struct
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pillow_heif
from PIL import Image

from tests.badfiles.record import BadFile, Shown, damaged, plain, shows, too_large
from tests.badfiles.scene import AVIF_FINE, KINDS, encode, over_white, ramp, scene, whole

FORMATS = ("HEIC", "AVIF")
WITHIN = KINDS["HEIC"][1]
OPTIONS: dict[str, dict[str, Any]] = {"HEIC": {}, "AVIF": AVIF_FINE}
LIMIT = {"HEIC": 30, "AVIF": 23}  # megapixels
ALPHA = (ramp() * 255).round().astype(np.uint8)
COLOUR = (200, 100, 50)


def sized(data: bytes, width: int, height: int) -> bytes:
    """Another size, in the property that tells it (`ispe`: version and flags, width, height)."""
    at = data.index(b"ispe") + 8
    return data[:at] + struct.pack(">II", width, height) + data[at + 8 :]


def _branded(data: bytes, brand: bytes) -> bytes:
    return data[:8] + brand + data[12:]


def _without_pixels(data: bytes) -> bytes:
    at = data.index(b"mdat") + 4
    return data[:at] + bytes(len(data) - at)


def _deep() -> bytes:
    """More than 8 bits a colour, as newer cameras take them."""
    file = io.BytesIO()
    deep = scene().astype("<u2") * 257
    pillow_heif.from_bytes("RGB;16", (40, 30), deep.tobytes()).save(file, quality=90, chroma=444)
    return file.getvalue()


def _many() -> bytes:
    """Three pictures; the second is the one to show."""
    pictures = [Image.fromarray(each) for each in (scene()[::-1], scene(), scene()[:, ::-1])]
    heif = pillow_heif.HeifFile()  # type: ignore[no-untyped-call]
    for picture in pictures:
        heif.add_from_pillow(picture)
    file = io.BytesIO()
    heif.save(file, primary_index=1, quality=90, chroma=444)
    return file.getvalue()


def _film() -> bytes:
    frames = [Image.fromarray(np.full((32, 32, 3), level, np.uint8)) for level in (200, 100, 50)]
    return encode(frames[0], "AVIF", save_all=True, append_images=frames[1:], **AVIF_FINE)


def _flat(kind: str, width: int, height: int) -> bytes:
    return encode(np.full((height, width, 3), COLOUR, np.uint8), kind, **OPTIONS[kind])


def _changed(kind: str, change: Callable[[bytes], bytes]) -> bytes:
    return change(whole(kind))


def _each(what: str, change: Callable[[bytes], bytes], expected: Callable[[str], Shown | str]) -> list[BadFile]:
    return [BadFile(f"{kind} {what}", partial(_changed, kind, change), expected(kind)) for kind in FORMATS]


def _shown(kind: str) -> Shown:
    return shows(kind, scene(), WITHIN)


def _encoded(what: str, pixels: Any, like: Any) -> list[BadFile]:
    return [
        BadFile(f"{kind} {what}", partial(encode, pixels, kind, **OPTIONS[kind]), shows(kind, like, WITHIN)) for kind in FORMATS
    ]


FILES = [
    *_encoded("in grey", Image.fromarray(scene()[..., 0]), scene()[..., 0]),
    *_encoded("with alpha", np.dstack([scene(), ALPHA]), over_white(scene(), ALPHA)),
    BadFile("HEIC of more than 8 bits", _deep, _shown("HEIC")),
    BadFile("HEIC of three pictures", _many, _shown("HEIC")),
    BadFile("animated AVIF", _film, plain("AVIF", (32, 32), 200, WITHIN)),
    *(
        BadFile(
            f"{kind} of {width:,} × {height:,}",
            partial(_flat, kind, width, height),
            plain(kind, (width, height), COLOUR, WITHIN),
        )
        for kind in FORMATS
        for width, height in ((1, 1), (64, 4_000))
    ),
    *_each(
        "claiming 100,000 × 100,000",
        lambda data: sized(data, 100_000, 100_000),
        lambda kind: too_large("10,000", "100,000 × 100,000", LIMIT[kind]),
    ),
    *_each("claiming no size", lambda data: sized(data, 0, 0), damaged),
    BadFile("HEIC claiming to be larger than it is", lambda: sized(whole("HEIC"), 400, 300), damaged("HEIC")),
    BadFile("AVIF claiming to be larger than it is", lambda: sized(whole("AVIF"), 400, 300), plain("AVIF", (400, 300), np.nan)),
    *_each("without a list of items", lambda data: data.replace(b"iloc", b"free", 1), damaged),
    *_each("without a main picture", lambda data: data.replace(b"pitm", b"free", 1), damaged),
    *_each("without properties", lambda data: data.replace(b"ipma", b"free", 1), damaged),
    *_each("with zeros for pixels", _without_pixels, damaged),
    *_each("with a megabyte behind it", lambda data: data + bytes(1_000_000), _shown),
    *_each("of the general brand", lambda data: _branded(data, b"mif1"), _shown),
    BadFile("HEIC that calls itself AVIF", lambda: _branded(whole("HEIC"), b"avif"), damaged("AVIF")),
    BadFile("AVIF that calls itself HEIC", lambda: _branded(whole("AVIF"), b"heic"), _shown("AVIF")),
    BadFile("HEIC of nothing but its brand", lambda: whole("HEIC")[:32], damaged("HEIC")),
]
