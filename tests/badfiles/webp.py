"""WebP: both ways of packing, animations, and headers without much behind them."""

import struct
from collections.abc import Iterable

import numpy as np
from PIL import Image

from tests.badfiles.record import UNKNOWN, BadFile, damaged, plain, shows, too_large
from tests.badfiles.scene import encode, over_white, ramp, scene, whole

DAMAGED = damaged("WebP")
SHOWN = shows("WebP", scene())
COLOUR = (200, 100, 50)


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"WEBP" + b"".join(_chunk(*chunk) for chunk in chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _chunk(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def one_colour(width: int, height: int, colour: tuple[int, int, int] = COLOUR) -> tuple[bytes, bytes]:
    """The lossless chunk of a picture of one colour, up to 16,384 × 16,384: five codes of one word each, so no bit per pixel."""
    header = [(0x2F, 8), (width - 1, 14), (height - 1, 14), (0, 1 + 3)]
    return b"VP8L", _bits([*header, *_words(*colour)])


def one_level(alpha: int) -> bytes:
    """The same for the alpha of a lossy picture: it is in the place of green, and its size is the picture's."""
    return _bits(_words(0, alpha, 0))


def _words(red: int, green: int, blue: int) -> list[tuple[int, int]]:
    """No transform, cache or groups of codes; then each code's only word."""
    codes = [field for word in (green, red, blue, 255) for field in ((0b101, 3), (word, 8))]
    return [(0, 1 + 1 + 1), *codes, (0b0001, 4)]


def _bits(fields: Iterable[tuple[int, int]]) -> bytes:
    """(value, number of bits) each, the lowest first."""
    stream = position = 0
    for value, size in fields:
        stream |= value << position
        position += size
    return stream.to_bytes(-(-position // 8), "little")


def extended(width: int, height: int, flags: int = 0) -> tuple[bytes, bytes]:
    return b"VP8X", struct.pack("<I", flags) + _bits([(width - 1, 24), (height - 1, 24)])


def animation(size: tuple[int, int], frames: list[tuple[bytes, bytes]]) -> bytes:
    """Each frame of one colour fills the canvas for a tenth of a second."""
    head = bytes(6) + _bits([(size[0] - 1, 24), (size[1] - 1, 24), (100, 24), (0, 8)])
    packed = [(b"ANMF", head + _chunk(*frame)) for frame in frames]
    return riff(extended(*size, flags=2), (b"ANIM", bytes(6)), *packed)


def _flat(width: int, height: int) -> BadFile:
    return BadFile(
        f"WebP of {width:,} × {height:,}", lambda: riff(one_colour(width, height)), plain("WebP", (width, height), COLOUR)
    )


def _film(count: int) -> bytes:
    return animation((20, 10), [one_colour(20, 10, COLOUR)] + [one_colour(20, 10, (0, 0, 0))] * (count - 1))


def _of_claims(width: int, height: int) -> bytes:
    """A lossy frame's header with nothing behind it."""
    return riff((b"VP8 ", b"\x10\0\0\x9d\x01\x2a" + struct.pack("<HH", width, height) + bytes(20)))


ALPHA = (ramp() * 255).round().astype(np.uint8)

FILES = [
    *(_flat(*size) for size in ((1, 1), (1, 10_000), (10_000, 1), (16_384, 1))),
    BadFile(
        "WebP in RGBA",
        lambda: encode(np.dstack([scene(), ALPHA]), "WEBP", lossless=True, exact=True),
        shows("WebP", over_white(scene(), ALPHA), 1),
    ),
    BadFile(
        "lossy WebP with alpha",
        lambda: encode(np.dstack([scene(), ALPHA]), "WEBP", quality=95),
        shows("WebP", over_white(scene(), ALPHA), 20),
    ),
    BadFile(
        "WebP in grey", lambda: encode(Image.fromarray(scene()[..., 0]), "WEBP", lossless=True), shows("WebP", scene()[..., 0])
    ),
    # ---- animations
    BadFile("animated WebP", lambda: _film(3), plain("WebP", (20, 10), COLOUR)),
    BadFile("animated WebP of 20,000 frames", lambda: _film(20_000), plain("WebP", (20, 10), COLOUR)),
    BadFile("animated WebP without frames", lambda: animation((20, 10), []), DAMAGED),
    BadFile("animated WebP cut in its second frame", lambda: _film(2)[:-10], plain("WebP", (20, 10), COLOUR)),
    BadFile(
        "animated WebP claiming 30,000 × 30,000",
        lambda: animation((30_000, 30_000), [one_colour(1, 1)]),
        too_large("900", "30,000 × 30,000", 15),
    ),
    # ---- sizes
    BadFile(
        "WebP of 34 bytes and 13,300 × 13,300", lambda: riff(one_colour(13_300, 13_300)), too_large("177", "13,300 × 13,300", 15)
    ),
    BadFile(
        "WebP in the long form of 13,300 × 13,300",
        lambda: riff(extended(13_300, 13_300), one_colour(13_300, 13_300)),
        too_large("177", "13,300 × 13,300", 15),
    ),
    BadFile("lossy WebP claiming 16,383 × 16,383", lambda: _of_claims(16_383, 16_383), too_large("268", "16,383 × 16,383", 15)),
    BadFile("lossy WebP of no size", lambda: _of_claims(0, 0), DAMAGED),
    BadFile("WebP whose canvas is not its picture's size", lambda: riff(extended(90, 90), one_colour(40, 30)), DAMAGED),
    BadFile("WebP in the long form without a picture", lambda: riff(extended(40, 30)), DAMAGED),
    # ---- chunks
    BadFile("WebP without chunks", lambda: riff(), DAMAGED),
    BadFile(
        "WebP with an unknown chunk",
        lambda: riff(extended(40, 30), (b"OTHR", b"abc"), one_colour(40, 30)),
        plain("WebP", (40, 30), COLOUR),
    ),
    BadFile(
        "WebP whose first chunk claims four gigabytes",
        lambda: whole("WebP")[:16] + b"\xff" * 4 + whole("WebP")[20:],
        shows("WebP", scene(), 16),
    ),
    BadFile(
        "WebP with zeros from its middle on",
        lambda: whole("lossless WebP")[:20] + bytes(len(whole("lossless WebP")) - 20),
        DAMAGED,
    ),
    BadFile("WebP with a megabyte behind it", lambda: whole("lossless WebP") + bytes(1_000_000), SHOWN),
    BadFile("four letters of WebP without RIFF", lambda: b"LIST\0\0\0\0WEBP" + bytes(50), UNKNOWN),
]
