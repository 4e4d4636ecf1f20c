"""BMP: depths, packing, direction, and sizes that cannot be."""

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.badfiles.record import BadFile, damaged, rare, shows, too_large
from tests.badfiles.scene import over_white, ramp, scene, whole

PLAIN, RLE8, RLE4, BITFIELDS = 0, 1, 2, 3
DAMAGED = damaged("BMP")
SHOWN = shows("BMP", scene())


def bmp(size: tuple[int, int], bits: int, body: bytes, *, packing: int = PLAIN, before: bytes = b"") -> bytes:
    """size: width and height, negative if the first row is the top one. before: masks or palette."""
    start = 14 + 40 + len(before)
    colours = len(before) // 4 if bits <= 8 else 0
    header = struct.pack("<IiiHHIIiiII", 40, *size, 1, bits, packing, len(body), 0, 0, colours, 0)
    return b"BM" + struct.pack("<IHHI", start + len(body), 0, 0, start) + header + before + body


def rows(stored: NDArray[Any], upright: bool = False) -> bytes:
    """(H, bytes of a row), bottom row first unless upright, each padded to four bytes."""
    stored = stored if upright else stored[::-1]
    return np.pad(stored.view(np.uint8), ((0, 0), (0, -stored.view(np.uint8).shape[1] % 4))).tobytes()


def _bgr(upright: bool = False) -> bytes:
    return rows(np.ascontiguousarray(scene()[..., ::-1]).reshape(30, -1), upright)


def _bits_16(red: int, green: int, blue: int) -> tuple[NDArray[np.uint16], NDArray[np.float64]]:
    """Pixels of so many bits each, and what they look like."""
    most = 2 ** np.array([red, green, blue]) - 1
    levels = (scene() / 255 * most).round().astype(np.uint16)
    return levels[..., 0] << (green + blue) | levels[..., 1] << blue | levels[..., 2], levels * 255 / most


def _with_alpha() -> bytes:
    """A header of the fourth version, with a mask for each of blue, green, red and alpha."""
    alpha = (ramp() * 255).round().astype(np.uint8)
    body = rows(np.dstack([scene()[..., ::-1], alpha]).reshape(30, -1))
    masks = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    header = struct.pack("<IiiHHIIiiII", 108, 40, 30, 1, 32, BITFIELDS, len(body), 0, 0, 0, 0) + masks + b"BGRs" + bytes(48)
    return b"BM" + struct.pack("<IHHI", 14 + 108 + len(body), 0, 0, 14 + 108) + header + body


def _os2() -> bytes:
    body = _bgr()
    return b"BM" + struct.pack("<IHHIIHHHH", 26 + len(body), 0, 0, 26, 12, 40, 30, 1, 24) + body


def _palette(count: int) -> tuple[NDArray[np.uint8], bytes]:
    """Colours (count, 3), and as the file has them."""
    colours = np.random.default_rng(count).integers(0, 256, (count, 3), np.uint8)
    return colours, np.pad(colours[:, ::-1], ((0, 0), (0, 1))).tobytes()


def _indexed(bits: int) -> BadFile:
    colours, stored = _palette(2**bits)
    index = (ramp() * (2**bits - 1)).round().astype(np.uint8)
    packed = np.packbits(np.unpackbits(index[..., None], axis=2)[..., -bits:].reshape(30, -1), axis=1)
    return BadFile(
        f"BMP with a palette of {bits} bits",
        lambda: bmp((40, 30), bits, rows(packed), before=stored),
        shows("BMP", colours[index]),
    )


COLOURS_8, PALETTE_8 = _palette(256)
COLOURS_4, PALETTE_4 = _palette(16)
# Run lengths: 3 times 7, then 4 pixels as they are, end of line; a full line of 9; end of picture.
RLE_8 = bytes([3, 7, 0, 4, 1, 2, 3, 4, 0, 0, 7, 9, 0, 1])
RLE_8_SHOWN = COLOURS_8[[[9] * 7, [7, 7, 7, 1, 2, 3, 4]]]
RLE_4 = bytes([4, 0x12, 0, 0, 4, 0x33, 0, 1])
RLE_4_SHOWN = COLOURS_4[[[3] * 4, [1, 2, 1, 2]]]
PIXELS_555, SHOWN_555 = _bits_16(5, 5, 5)
PIXELS_565, SHOWN_565 = _bits_16(5, 6, 5)
MASKS_565 = struct.pack("<III", 0xF800, 0x7E0, 0x1F)

FILES = [
    *map(_indexed, (1, 4, 8)),
    BadFile("BMP of 16 bits", lambda: bmp((40, 30), 16, rows(PIXELS_555)), shows("BMP", SHOWN_555, 1)),
    BadFile(
        "BMP of 16 bits with masks",
        lambda: bmp((40, 30), 16, rows(PIXELS_565), packing=BITFIELDS, before=MASKS_565),
        shows("BMP", SHOWN_565, 1),
    ),
    BadFile(
        "BMP of 32 bits",
        lambda: bmp((40, 30), 32, rows(np.dstack([scene()[..., ::-1], np.zeros((30, 40), np.uint8)]).reshape(30, -1))),
        SHOWN,
    ),
    BadFile("BMP with alpha", _with_alpha, shows("BMP", over_white(scene(), (ramp() * 255).round()), 1)),
    BadFile("BMP from the top down", lambda: bmp((40, -30), 24, _bgr(upright=True)), SHOWN),
    BadFile("BMP with the header of OS/2", _os2, SHOWN),
    BadFile("BMP of run lengths", lambda: bmp((7, 2), 8, RLE_8, packing=RLE8, before=PALETTE_8), shows("BMP", RLE_8_SHOWN)),
    BadFile("BMP of short run lengths", lambda: bmp((4, 2), 4, RLE_4, packing=RLE4, before=PALETTE_4), shows("BMP", RLE_4_SHOWN)),
    BadFile(
        "BMP of run lengths that leave the picture",
        lambda: bmp((7, 2), 8, b"\xff\7" * 99, packing=RLE8, before=PALETTE_8),
        DAMAGED,
    ),
    BadFile("BMP of run lengths without an end", lambda: bmp((7, 9), 8, RLE_8[:-2], packing=RLE8, before=PALETTE_8), DAMAGED),
    BadFile("BMP of 1 × 1", lambda: bmp((1, 1), 24, b"\1\2\3\0"), shows("BMP", [[[3, 2, 1]]])),
    BadFile("BMP of no width", lambda: bmp((0, 30), 24, _bgr()), DAMAGED),
    BadFile("BMP of negative width", lambda: bmp((-40, 30), 24, _bgr()), DAMAGED),
    BadFile("BMP of 5 bits", lambda: bmp((40, 30), 5, _bgr()), rare("BMP")),
    BadFile("BMP packed in a way that does not exist", lambda: bmp((40, 30), 24, _bgr(), packing=99), rare("BMP")),
    BadFile("BMP claiming 30,000 × 30,000", lambda: bmp((30_000, 30_000), 24, b""), too_large("900", "30,000 × 30,000", 50)),
    BadFile(
        "BMP claiming the largest size there is",
        lambda: bmp((2**31 - 1, -(2**31)), 24, b""),
        too_large("4,611,686,016,280", "2,147,483,647 × 2,147,483,648", 50),
    ),
    BadFile("BMP whose pixels are outside", lambda: whole("BMP")[:10] + struct.pack("<I", 2**31) + whole("BMP")[14:], DAMAGED),
    BadFile("BMP with a megabyte behind it", lambda: whole("BMP") + bytes(1_000_000), SHOWN),
]
