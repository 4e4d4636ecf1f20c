"""Colour profiles: what they say is shown, as long as they say it of this picture and can be understood."""

import struct
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from tests.badfiles.record import BadFile, shows
from tests.badfiles.scene import FINE, encode, over_white, ramp, scene

D50 = (0.9642, 1.0, 0.8249)
SRGB = np.array([[0.4360, 0.2225, 0.0139], [0.3851, 0.7169, 0.0971], [0.1431, 0.0606, 0.7141]])  # XYZ of red, green, blue
DISPLAY_P3 = np.array([[0.5151, 0.2412, -0.0011], [0.2920, 0.6922, 0.0419], [0.1571, 0.0666, 0.7841]])
SWAPPED = SRGB[[1, 0, 2]]  # its red is green, its green is red
GAMMA = 2.2
WITHIN = 4


def _fixed(numbers: ArrayLike) -> bytes:
    return (np.asarray(numbers) * 65_536).round().astype(">i4").tobytes()


def _xyz(values: ArrayLike) -> bytes:
    return b"XYZ \0\0\0\0" + _fixed(values)


def _curve(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))


def profile(space: bytes, tags: dict[bytes, bytes], *, kind: bytes = b"mntr", system: bytes = b"XYZ ", padding: int = 0) -> bytes:
    """By ICC.1:2001: a header, a list of tags, their contents."""
    contents, listed, at = b"", struct.pack(">I", len(tags)), 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        listed += struct.pack(">4sII", name, at + len(contents), len(content))
        contents += content + bytes(-len(content) % 4)
    size = at + len(contents) + padding
    header = struct.pack(">I4sI4s4s4s12s4s", size, bytes(4), 0x02100000, kind, space, system, bytes(12), b"acsp")
    return (header + bytes(28) + _fixed(D50)).ljust(128, b"\0") + listed + contents + bytes(padding)


def rgb_profile(primaries: NDArray[np.float64], padding: int = 0) -> bytes:
    """primaries: the XYZ of red, green and blue, one a row."""
    colours = {name + b"XYZ": _xyz(primary) for name, primary in zip((b"r", b"g", b"b"), primaries, strict=True)}
    curves = {name + b"TRC": _curve(GAMMA) for name in (b"r", b"g", b"b")}
    return profile(b"RGB ", {b"wtpt": _xyz(D50)} | colours | curves, padding=padding)


def in_srgb(pixels: NDArray[Any], primaries: NDArray[np.float64]) -> NDArray[np.float64]:
    """What the pixels look like, 0-255."""
    light = (pixels / 255) ** GAMMA @ primaries @ np.linalg.inv(SRGB)
    return _encoded(light)


def _encoded(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """The curve of sRGB, IEC 61966-2-1."""
    light = light.clip(0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055) * 255


def cmyk_profile() -> bytes:
    """Says that magenta with yellow is blue, paper is white, and all else is black: a table of the 16 corners, in L*a*b*."""
    corners = np.tile(np.array([0, 128, 128], np.uint8), (2, 2, 2, 2, 1))
    corners[0, 0, 0, 0], corners[0, 1, 1, 0] = (255, 128, 128), (75, 196, 16)
    straight = bytes(range(256))
    table = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + _fixed(np.eye(3)) + straight * 4 + corners.tobytes() + straight * 3
    return profile(b"CMYK", {b"wtpt": _xyz(D50), b"A2B0": table}, kind=b"prtr", system=b"Lab ")


def _inks() -> Image.Image:
    """Magenta and yellow at the left, paper at the right."""
    inks = np.zeros((8, 16, 4), np.uint8)
    inks[:, :8, 1:3] = 255
    return Image.fromarray(inks, "CMYK")


def _ignored(what: str, content: bytes, format: str = "PNG", pixels: NDArray[np.uint8] | None = None) -> BadFile:
    picture = scene() if pixels is None else pixels
    options = FINE if format == "JPEG" else {}
    return BadFile(
        f"{format} with {what}",
        lambda: encode(picture, format, icc_profile=content, **options),
        shows(format, picture, 6 if format == "JPEG" else 0),
    )


def _applied(format: str, primaries: NDArray[np.float64], name: str, **options: Any) -> BadFile:
    shown = {"WEBP": "WebP"}.get(format, format)
    return BadFile(
        f"{shown} in the colours of {name}",
        lambda: encode(scene(), format, icc_profile=rgb_profile(primaries), **options),
        shows(shown, in_srgb(scene(), primaries), WITHIN if format in ("PNG", "TIFF", "WEBP") else 24),
    )


ALPHA = (ramp() * 255).round().astype(np.uint8)
SHOWN_SWAPPED = in_srgb(scene(), SWAPPED)
GREY = (ramp() * 255).round().astype(np.uint8)
BLUE_AND_PAPER = np.full((8, 16, 3), np.nan)
BLUE_AND_PAPER[:, :7], BLUE_AND_PAPER[:, 9:] = (0, 0, 255), 255
PALETTE = Image.fromarray(scene()).quantize(16)

FILES = [
    _applied("PNG", SWAPPED, "a profile that swaps red and green"),
    _applied("PNG", DISPLAY_P3, "Display P3"),
    _applied("JPEG", DISPLAY_P3, "Display P3", **FINE),
    _applied("TIFF", SWAPPED, "a profile that swaps red and green"),
    _applied("WEBP", SWAPPED, "a profile that swaps red and green", lossless=True),
    _applied("AVIF", DISPLAY_P3, "Display P3", quality=95, subsampling="4:4:4", speed=10),
    _applied("HEIC", DISPLAY_P3, "Display P3"),
    BadFile(
        "PNG in RGBA in swapped colours",
        lambda: encode(np.dstack([scene(), ALPHA]), "PNG", icc_profile=rgb_profile(SWAPPED)),
        shows("PNG", over_white(SHOWN_SWAPPED, ALPHA), 10),
    ),
    BadFile(
        "PNG with a palette in swapped colours",
        lambda: encode(PALETTE, "PNG", icc_profile=rgb_profile(SWAPPED)),
        shows("PNG", in_srgb(np.asarray(PALETTE.convert("RGB")), SWAPPED), WITHIN),
    ),
    BadFile(
        "PNG in grey that is linear",
        lambda: encode(GREY, "PNG", icc_profile=profile(b"GRAY", {b"wtpt": _xyz(D50), b"kTRC": _curve(1)})),
        shows("PNG", _encoded(GREY / 255), 10),
    ),
    BadFile(
        "CMYK JPEG with a profile of its inks",
        lambda: encode(_inks(), "JPEG", icc_profile=cmyk_profile(), **FINE),
        shows("JPEG", BLUE_AND_PAPER, 24),
    ),
    BadFile(
        "JPEG with a colour profile of five megabytes",
        lambda: encode(scene(), "JPEG", icc_profile=rgb_profile(SWAPPED, padding=5_000_000), **FINE),
        shows("JPEG", SHOWN_SWAPPED, 10),
    ),
    BadFile(
        "PNG with a colour profile that claims four gigabytes",
        lambda: encode(scene(), "PNG", icc_profile=b"\xff" * 4 + rgb_profile(SWAPPED)[4:]),
        shows("PNG", SHOWN_SWAPPED, WITHIN),
    ),
    # ---- profiles that say nothing of this picture
    *(_ignored("a colour profile that is none", b"these are not colours", format=format) for format in ("JPEG", "PNG")),
    _ignored("an empty colour profile", b"\0"),
    _ignored("half a colour profile", rgb_profile(SWAPPED)[:200]),
    _ignored("a colour profile without primaries", profile(b"RGB ", {b"wtpt": _xyz(D50)})),
    _ignored("a colour profile whose tags are outside", rgb_profile(SWAPPED)[:144] + b"\xff" * 90),
    _ignored("a colour profile for inks", cmyk_profile()),
    _ignored("a colour profile for grey", profile(b"GRAY", {b"wtpt": _xyz(D50), b"kTRC": _curve(1)})),
    _ignored("grey pixels and a colour profile for RGB", rgb_profile(SWAPPED), pixels=GREY),
]
