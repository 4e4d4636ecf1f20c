"""GIF: frames, canvases, colours, and codes that are none."""

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.badfiles.record import UNKNOWN, BadFile, damaged, plain, shows, too_large
from tests.badfiles.scene import encode, whole

COLOURS = np.array([[200, 100, 50], [10, 20, 30], [0, 0, 200], [255, 255, 0]], np.uint8)
INDEX = np.arange(12).reshape(3, 4) % 4
DAMAGED = damaged("GIF")
TRAILER = b";"
END_OF_BLOCKS = b"\0"


def codes(numbers: Sequence[int], bits: int) -> bytes:
    """LZW codes, the lowest bits first, in blocks."""
    stream = sum(number << position * bits for position, number in enumerate(numbers))
    packed = stream.to_bytes(len(numbers) * bits // 8 + 1, "little")
    return (
        b"".join(bytes([len(block)]) + block for block in (packed[at : at + 255] for at in range(0, len(packed), 255)))
        + END_OF_BLOCKS
    )


def pixels(index: NDArray[np.integer]) -> bytes:
    """Without compression: 2 bits a pixel; the table is cleared before codes would become longer."""
    clear, end = 4, 5
    numbers = [number for pixel in index.ravel().tolist() for number in (clear, pixel)]
    return b"\2" + codes([*numbers, end], 3)


def frame(index: NDArray[np.integer], at: tuple[int, int] = (0, 0), *, flags: int = 0, data: bytes | None = None) -> bytes:
    height, width = index.shape
    return b"," + struct.pack("<HHHHB", *at, width, height, flags) + (pixels(index) if data is None else data)


def gif(size: tuple[int, int], *blocks: bytes, version: bytes = b"89a", colours: NDArray[np.uint8] | None = COLOURS) -> bytes:
    flags, table = (0, b"") if colours is None else (0x81, colours.tobytes())
    return b"GIF" + version + struct.pack("<HHBBB", *size, flags, 0, 0) + table + b"".join(blocks)


def control(transparent: int | None = None, disposal: int = 0) -> bytes:
    return b"!\xf9\4" + struct.pack("<BHB", disposal << 2 | (transparent is not None), 5, transparent or 0) + END_OF_BLOCKS


def comment(words: bytes, times: int) -> bytes:
    return b"!\xfe" + (bytes([len(words)]) + words) * times + END_OF_BLOCKS


INTERLACED = INDEX.repeat(4, axis=0)
STILL = shows("GIF", COLOURS[INDEX])
ON_CANVAS = np.full((5, 8, 3), np.nan)
ON_CANVAS[1:4, 2:6] = COLOURS[INDEX]


def _still(*blocks: bytes, **options: Any) -> bytes:
    return gif((4, 3), *blocks, TRAILER, **options)


def _rows_in_passes() -> bytes:
    order = [*range(0, 12, 8), *range(4, 12, 8), *range(2, 12, 4), *range(1, 12, 2)]
    return gif((4, 12), frame(INTERLACED, flags=0x40, data=pixels(INTERLACED[order])), TRAILER)


def _film() -> bytes:
    frames = [Image.fromarray(np.full((20, 20), level, np.uint8)) for level in range(50)]
    return encode(frames[7], "GIF", save_all=True, append_images=frames)


FILES = [
    BadFile("GIF written by hand", lambda: _still(frame(INDEX)), STILL),
    BadFile("GIF of 1987", lambda: _still(frame(INDEX), version=b"87a"), STILL),
    BadFile("GIF of a year that does not exist", lambda: _still(frame(INDEX), version=b"99z"), UNKNOWN),
    BadFile(
        "GIF with colours of its frame's own",
        lambda: _still(frame(INDEX, flags=0x81, data=COLOURS[::-1].tobytes() + pixels(INDEX))),
        shows("GIF", COLOURS[::-1][INDEX]),
    ),
    BadFile("GIF without colours", lambda: _still(frame(INDEX), colours=None), shows("GIF", np.full((3, 4, 3), np.nan))),
    BadFile("GIF interlaced", _rows_in_passes, shows("GIF", COLOURS[INTERLACED])),
    BadFile(
        "GIF with a transparent colour",
        lambda: _still(control(transparent=1), frame(INDEX)),
        shows("GIF", np.where(INDEX[..., None] == 1, 255, COLOURS[INDEX])),
    ),
    BadFile("GIF whose first frame covers a part", lambda: gif((8, 5), frame(INDEX, (2, 1)), TRAILER), shows("GIF", ON_CANVAS)),
    BadFile("GIF whose frame is larger than its canvas", lambda: gif((2, 2), frame(INDEX), TRAILER), STILL),
    # ---- frames
    BadFile("GIF of 50 frames", _film, plain("GIF", (20, 20), 7)),
    BadFile("GIF of 20,000 frames", lambda: _still(*[control(disposal=2) + frame(INDEX)] * 20_000), STILL),
    BadFile("GIF whose second frame is damaged", lambda: _still(frame(INDEX), frame(INDEX, data=b"\2\1")), STILL),
    BadFile("GIF without frames", _still, DAMAGED),
    BadFile("GIF without its end", lambda: _still(frame(INDEX))[:-1], STILL),
    BadFile("GIF of no width", lambda: gif((0, 3), frame(INDEX[:, :0]), TRAILER), DAMAGED),
    BadFile("GIF whose frame has no height", lambda: _still(frame(INDEX[:0])), DAMAGED),
    BadFile(
        "GIF claiming 65,535 × 65,535",
        lambda: gif((65_535, 65_535), frame(INDEX), TRAILER),
        too_large("4,295", "65,535 × 65,535", 50),
    ),
    BadFile(
        "GIF whose frame claims 65,535 × 65,535",
        lambda: _still(b"," + struct.pack("<HHHHB", 0, 0, 65_535, 65_535, 0) + pixels(INDEX)),
        too_large("4,295", "65,535 × 65,535", 50),
    ),
    # ---- codes
    BadFile("GIF with a code before there is one", lambda: _still(frame(INDEX, data=b"\2" + codes([4, 7, 7, 5], 3))), DAMAGED),
    BadFile("GIF with codes of 13 bits", lambda: _still(frame(INDEX, data=b"\x0d" + pixels(INDEX)[1:])), DAMAGED),
    BadFile("GIF whose codes end early", lambda: _still(frame(INDEX, data=b"\2" + codes([4, 0, 1, 5], 3))), DAMAGED),
    BadFile("GIF with more pixels than it claims", lambda: _still(frame(INDEX, data=pixels(INDEX.repeat(50, axis=0)))), STILL),
    # ---- blocks
    BadFile("GIF with a comment of two megabytes", lambda: _still(comment(b"a" * 255, 8_000), frame(INDEX)), STILL),
    BadFile("GIF with a block of an unknown kind", lambda: _still(b"!\x42" + b"\3abc" + END_OF_BLOCKS, frame(INDEX)), STILL),
    BadFile("GIF with junk between its blocks", lambda: _still(bytes(100), frame(INDEX)), STILL),
    BadFile("GIF with a megabyte behind it", lambda: whole("GIF") + bytes(1_000_000), plain("GIF", (40, 30), np.nan)),
]
