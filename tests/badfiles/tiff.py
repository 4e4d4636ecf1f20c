"""TIFF: kinds of numbers, of colour, of packing, and lists that lead astray."""

import struct
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.badfiles.record import BadFile, damaged, rare, shows, too_large
from tests.badfiles.scene import encode, ramp, scene, whole

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, OFFSETS, SAMPLES, ROWS, COUNTS = 256, 257, 258, 259, 262, 273, 277, 278, 279
PLANAR, TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_COUNTS, EXTRA_SAMPLES, KIND_OF_NUMBER = 284, 322, 323, 324, 325, 338, 339
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, LAB = 0, 1, 2, 8
NUMBERS = {"u": 1, "i": 2, "f": 3}
TYPES = {"B": 1, "H": 3, "I": 4, "Q": 16}  # struct's letters → the format's
DAMAGED = damaged("TIFF")
SHOWN = shows("TIFF", scene())

Tags = Mapping[int, tuple[Any, ...]]
NONE: Tags = MappingProxyType({})


def tiff(samples: NDArray[Any], tags: Tags = NONE, *, body: bytes | None = None, big: bool = False, next_page: int = 0) -> bytes:
    """A little-endian file of one strip. samples: (H, W) or (H, W, C).

    tags: tag → struct's letter and the values, in place of those that follow from the samples; () leaves the tag out.
    """
    samples = samples.reshape(*samples.shape[:2], -1)
    height, width, channels = samples.shape
    body = samples.astype(samples.dtype.newbyteorder("<")).tobytes() if body is None else body
    start = 16 if big else 8
    entries: dict[int, tuple[Any, ...]] = {
        WIDTH: ("I", width),
        HEIGHT: ("I", height),
        BITS: ("H", *[samples.dtype.itemsize * 8] * channels),
        COMPRESSION: ("H", 1),
        PHOTOMETRIC: ("H", RGB if channels >= 3 else BLACK_IS_ZERO),
        OFFSETS: ("I", start),
        SAMPLES: ("H", channels),
        ROWS: ("I", height),
        COUNTS: ("I", len(body)),
        KIND_OF_NUMBER: ("H", *[NUMBERS[samples.dtype.kind]] * channels),
        **tags,
    }
    word, room, counted = ("Q", 8, "<Q") if big else ("I", 4, "<H")
    present = {tag: entry for tag, entry in sorted(entries.items()) if entry}
    list_at = start + len(body)
    more_at = list_at + struct.calcsize(counted) + len(present) * (4 + 2 * room) + room
    listed = more = b""
    for tag, (letter, *values) in present.items():
        content = struct.pack(f"<{len(values)}{letter}", *values)
        if len(content) > room:
            content, more = struct.pack("<" + word, more_at + len(more)), more + content
        listed += struct.pack("<HH" + word, tag, TYPES[letter], len(values)) + content.ljust(room, b"\0")
    start_of_file = struct.pack("<2sHHHQ", b"II", 43, 8, 0, list_at) if big else struct.pack("<2sHI", b"II", 42, list_at)
    return start_of_file + body + struct.pack(counted, len(present)) + listed + struct.pack("<" + word, next_page) + more


def _endless_pages() -> bytes:
    """Its first page says that the next page is the first."""
    data = tiff(scene())
    return tiff(scene(), next_page=int.from_bytes(data[4:8], "little"))


def _tiles(pixels: NDArray[np.uint8], side: int = 16) -> bytes:
    height, width, channels = pixels.shape
    down, across = -(-height // side), -(-width // side)
    padded = np.zeros((down * side, across * side, channels), np.uint8)
    padded[:height, :width] = pixels
    tiles = padded.reshape(down, side, across, side, channels).swapaxes(1, 2)
    size = side * side * channels
    offsets = [8 + size * number for number in range(down * across)]
    places: Tags = {OFFSETS: (), COUNTS: (), ROWS: (), TILE_WIDTH: ("I", side), TILE_HEIGHT: ("I", side)}
    places = {**places, TILE_OFFSETS: ("I", *offsets), TILE_COUNTS: ("I", *[size] * len(offsets))}
    return tiff(pixels, places, body=tiles.tobytes())


def _numbers(name: str, values: NDArray[Any], like: NDArray[np.float64] | None = None) -> BadFile:
    return BadFile(f"TIFF of {name}", lambda: tiff(values), shows("TIFF", ramp() * 255 if like is None else like, 1))


def _rare(name: str, values: NDArray[Any], tags: Tags = NONE) -> BadFile:
    return BadFile(f"TIFF of {name}", lambda: tiff(values, tags), rare("TIFF"))


def _with_holes() -> BadFile:
    """Not a number, and both infinities, in a picture from 0 to 1."""
    values, like = ramp().astype(np.float32), ramp() * 255
    values[3, 4:7] = np.nan, np.inf, -np.inf
    like[3, 4:7] = np.nan
    return _numbers("floats with holes", values, like)


def _packed(compression: str, pixels: NDArray[Any] | Image.Image, like: NDArray[Any], within: float = 0) -> BadFile:
    options = {"quality": 95} if compression == "jpeg" else {}
    return BadFile(
        f"TIFF packed by {compression}",
        lambda: encode(pixels, "TIFF", compression=compression, **options),
        shows("TIFF", like, within),
    )


def _pages(count: int) -> bytes:
    blank = Image.new("1", (40, 30))
    return encode(scene(), "TIFF", save_all=True, append_images=[blank] * (count - 1))


def _claims(width: int, height: int) -> bytes:
    return tiff(scene(), {WIDTH: ("I", width), HEIGHT: ("I", height)})


SIXTEEN = (ramp() * 65_535).round()
INKS = np.zeros((30, 40, 4), np.uint8)
INKS[:, :20, 1], INKS[:, 20:, 3] = 255, 51
INKS_SHOWN = np.where(np.arange(40)[None, :, None] < 20, [255.0, 0, 255], [204.0] * 3) * np.ones((30, 1, 1))
RED_IN_LAB = np.tile(np.array([138, 81, 70], np.uint8), (30, 40, 1))  # L* 54.3 as 0-255, a* 81, b* 70
BLACK_AND_WHITE = ramp() > 0.5
CHECKED = np.indices((30, 40)).sum(0) % 2 == 0

FILES = [
    # ---- kinds of numbers
    _numbers("floats from 0 to 1", ramp().astype(np.float32)),
    _numbers("floats from 0 to 10,000", (ramp() * 10_000).astype(np.float32)),
    _numbers("floats from -3 to 5", (ramp() * 8 - 3).astype(np.float32)),
    _with_holes(),
    _numbers("floats that are all no numbers", np.full((30, 40), np.nan, np.float32), np.full((30, 40), np.nan)),
    _numbers("doubles", ramp()),
    _numbers("half-size floats", ramp().astype(np.float16)),
    _numbers("16-bit numbers", SIXTEEN.astype(np.uint16)),
    _numbers("signed 16-bit numbers", (SIXTEEN - 32_768).astype(np.int16)),
    _numbers("signed bytes", ((ramp() * 255).round() - 128).astype(np.int8)),
    _numbers("32-bit numbers", (ramp() * (2**32 - 1)).astype(np.uint32)),
    _numbers("signed 32-bit numbers", (SIXTEEN * 65_537 - 2**31).astype(np.int32)),
    _numbers("colours of 16 bits", scene().astype(np.uint16) * 257, scene().astype(float)),
    _numbers("colours in floats", (scene() / 255).astype(np.float32), scene().astype(float)),
    BadFile(
        "TIFF whose numbers are big-endian",
        lambda: encode(Image.fromarray(SIXTEEN.astype(">u2")), "TIFF"),
        shows("TIFF", ramp() * 255, 1),
    ),
    # ---- kinds of colour
    BadFile(
        "TIFF whose zero is white",
        lambda: tiff(255 - scene()[..., 0], {PHOTOMETRIC: ("H", WHITE_IS_ZERO)}),
        shows("TIFF", scene()[..., 0]),
    ),
    BadFile(
        "TIFF of 16 bits whose zero is white",
        lambda: tiff((65_535 - SIXTEEN).astype(np.uint16), {PHOTOMETRIC: ("H", WHITE_IS_ZERO)}),
        shows("TIFF", ramp() * 255, 1),
    ),
    BadFile("CMYK TIFF", lambda: encode(Image.fromarray(INKS, "CMYK"), "TIFF"), shows("TIFF", INKS_SHOWN, 1)),
    BadFile(
        "TIFF in L*a*b*", lambda: tiff(RED_IN_LAB, {PHOTOMETRIC: ("H", LAB)}), shows("TIFF", np.full((30, 40, 3), [255, 0, 0]), 6)
    ),
    BadFile("TIFF in YCbCr", lambda: encode(Image.fromarray(scene()).convert("YCbCr"), "TIFF"), shows("TIFF", scene(), 4)),
    BadFile(
        "TIFF with a palette",
        lambda: encode(Image.fromarray(BLACK_AND_WHITE).convert("P"), "TIFF"),
        shows("TIFF", BLACK_AND_WHITE * 255),
    ),
    BadFile(
        "TIFF with alpha",
        lambda: encode(Image.fromarray(np.dstack([scene(), CHECKED * np.uint8(255)])), "TIFF"),
        shows("TIFF", np.where(CHECKED[..., None], scene(), 255)),
    ),
    _rare("seven channels", np.zeros((30, 40, 7), np.uint8), {EXTRA_SAMPLES: ("H", 0, 0, 0, 0)}),
    # ---- packing
    *(_packed(name, scene(), scene()) for name in ("packbits", "tiff_lzw", "tiff_adobe_deflate", "zstd", "lzma")),
    _packed("jpeg", scene(), scene(), 24),
    *(_packed(name, Image.fromarray(BLACK_AND_WHITE), BLACK_AND_WHITE * 255) for name in ("group3", "group4", "tiff_ccitt")),
    BadFile("TIFF in tiles", lambda: _tiles(scene()), SHOWN),
    BadFile(
        "TIFF with a plane for each colour",
        lambda: tiff(
            scene(),
            {PLANAR: ("H", 2), OFFSETS: ("I", 8, 1208, 2408), COUNTS: ("I", 1200, 1200, 1200)},
            body=scene().transpose(2, 0, 1).tobytes(),
        ),
        SHOWN,
    ),
    BadFile("BigTIFF", lambda: tiff(scene(), big=True), SHOWN),
    _rare("a packing that does not exist", scene(), {COMPRESSION: ("H", 60_000)}),
    # ---- lists that lead astray
    BadFile("TIFF of 3 pages", lambda: _pages(3), SHOWN),
    BadFile("TIFF of 300 pages", lambda: _pages(300), SHOWN),
    BadFile("TIFF whose pages go round", _endless_pages, SHOWN),
    BadFile("TIFF whose next page is outside", lambda: tiff(scene(), next_page=2**31), SHOWN),
    BadFile("TIFF whose pixels are outside", lambda: tiff(scene(), {OFFSETS: ("I", 2**31)}), DAMAGED),
    BadFile(
        "TIFF whose pixels are its own head",
        lambda: tiff(scene(), {OFFSETS: ("I", 0)}),
        shows("TIFF", np.full((30, 40, 3), np.nan)),
    ),
    BadFile("TIFF without a place for its pixels", lambda: tiff(scene(), {OFFSETS: ()}), DAMAGED),
    BadFile("TIFF without a size", lambda: tiff(scene(), {WIDTH: ()}), DAMAGED),
    BadFile("TIFF of no width", lambda: _claims(0, 30), DAMAGED),
    BadFile("TIFF with an empty list", lambda: b"II*\0\x08\0\0\0\0\0\0\0\0\0", DAMAGED),
    BadFile("TIFF whose list is outside", lambda: b"II*\0" + struct.pack("<I", 2**31) + bytes(50), DAMAGED),
    BadFile("TIFF whose list has 65,535 entries", lambda: b"II*\0\x08\0\0\0\xff\xff" + bytes(50), DAMAGED),
    BadFile("TIFF claiming 100,000 × 100,000", lambda: _claims(100_000, 100_000), too_large("10,000", "100,000 × 100,000", 50)),
    BadFile(
        "TIFF claiming the largest size there is",
        lambda: _claims(2**32 - 1, 2**32 - 1),
        too_large("18,446,744,065,120", "4,294,967,295 × 4,294,967,295", 50),
    ),
    BadFile("TIFF claiming a length of four gigabytes", lambda: tiff(scene(), {COUNTS: ("I", 2**32 - 1)}), SHOWN),
    BadFile("TIFF with a megabyte behind it", lambda: whole("TIFF") + bytes(1_000_000), SHOWN),
]
