"""EXIF data: how the picture was turned, and what is wrong with them. They must never do harm to the pixels."""

import struct
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.badfiles.record import BadFile, shows
from tests.badfiles.scene import AVIF_FINE, FINE, KINDS, encode, scene

ORIENTATION = 0x0112
SHORT, TEXT, LONG = 3, 2, 4

# What each value says of the first row and the first column of what is stored, as operations that undo it.
STORED: dict[int, Callable[[NDArray[Any]], NDArray[Any]]] = {
    1: lambda upright: upright,
    2: np.fliplr,  # top, right
    3: lambda upright: np.rot90(upright, 2),  # bottom, right
    4: np.flipud,  # bottom, left
    5: lambda upright: upright.transpose(1, 0, 2),  # left, top
    6: lambda upright: np.rot90(upright),  # right, top
    7: lambda upright: np.rot90(upright.transpose(1, 0, 2), 2),  # right, bottom
    8: lambda upright: np.rot90(upright, -1),  # left, bottom
}
OPTIONS: dict[str, dict[str, Any]] = {"JPEG": FINE, "AVIF": AVIF_FINE, "WebP": {"lossless": True}}
WITHIN = {kind: within for kind, (_, within) in KINDS.items()} | {"WebP": 0}


def exif(*entries: tuple[int, int, int, bytes], next_list: int = 0) -> bytes:
    """Each entry: tag, type, number of values, four bytes (the values, or where they are)."""
    listed = b"".join(struct.pack("<HHI4s", tag, type, count, value) for tag, type, count, value in entries)
    return b"Exif\0\0II*\0" + struct.pack("<IH", 8, len(entries)) + listed + struct.pack("<I", next_list)


def orientation(value: int) -> tuple[int, int, int, bytes]:
    return ORIENTATION, SHORT, 1, struct.pack("<I", value)


def _turned(kind: str, value: int) -> BadFile:
    stored = np.ascontiguousarray(STORED[value](scene()))
    options = OPTIONS.get(kind, {}) | (
        {"tiffinfo": {ORIENTATION: value}} if kind == "TIFF" else {"exif": exif(orientation(value))}
    )
    format = {"WebP": "WEBP"}.get(kind, kind)
    return BadFile(
        f"{kind} stored by orientation {value}", lambda: encode(stored, format, **options), shows(kind, scene(), WITHIN[kind])
    )


def _kept(what: str, content: bytes, format: str = "PNG", like: NDArray[np.uint8] | None = None) -> BadFile:
    options = OPTIONS.get(format, {}) | {"exif": content}
    within = WITHIN.get(format, 0)
    return BadFile(
        f"{format} with {what}",
        lambda: encode(scene(), {"WebP": "WEBP"}.get(format, format), **options),
        shows(format, scene() if like is None else like, within),
    )


def _long_jpeg() -> bytes:
    """Twenty EXIF segments of the largest size."""
    data = encode(scene(), "JPEG", **FINE)
    content = b"Exif\0\0" + bytes(65_527)
    return data[:2] + (b"\xff\xe1" + struct.pack(">H", 2 + len(content)) + content) * 20 + data[2:]


UPSIDE_DOWN = np.rot90(scene(), 2)
FILES = [
    *(_turned("JPEG", value) for value in STORED),
    *(_turned("TIFF", value) for value in STORED),
    *(_turned(kind, 6) for kind in ("PNG", "WebP", "AVIF", "HEIC")),
    *(_turned("AVIF", value) for value in (3, 5, 7)),
    *(_turned("HEIC", value) for value in (3, 5, 7)),
    *(_kept(f"orientation {value}", exif(orientation(value))) for value in (0, 9, 65_535)),
    _kept("an orientation in words", exif((ORIENTATION, TEXT, 4, b"six\0"))),
    _kept("an orientation as a long number", exif((ORIENTATION, LONG, 1, struct.pack("<I", 3))), like=UPSIDE_DOWN),
    _kept("two orientations", exif((ORIENTATION, SHORT, 2, struct.pack("<HH", 3, 1))), like=UPSIDE_DOWN),
    _kept("a list of EXIF data that comes round again", exif(orientation(1), next_list=8)),
    _kept("an EXIF value of four thousand million letters", exif((0x010E, TEXT, 2**32 - 1, struct.pack("<I", 8)))),
    _kept("an EXIF value outside the data", exif(orientation(3), (0x010E, TEXT, 100, b"\xf0\xff\xff\xff")), like=UPSIDE_DOWN),
    _kept("an EXIF sub-list that is its own", exif((0x8769, LONG, 1, struct.pack("<I", 8)), orientation(3)), like=UPSIDE_DOWN),
    _kept("EXIF data of five megabytes", exif(orientation(3)) + bytes(5_000_000), like=UPSIDE_DOWN),
    *(_kept("EXIF data that were never valid", b"Exif\0\0this was never valid", format) for format in ("JPEG", "PNG", "WebP")),
    *(_kept("EXIF data that stop at once", b"Exif\0\0II", format) for format in ("JPEG", "PNG", "WebP")),
    _kept("EXIF data of five megabytes", exif(orientation(3)) + bytes(5_000_000), "WebP", UPSIDE_DOWN),
    BadFile("JPEG with 1.3 megabytes of EXIF data", _long_jpeg, shows("JPEG", scene(), WITHIN["JPEG"])),
]
