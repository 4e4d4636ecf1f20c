"""PNG: depths, palettes, transparency, broken chunks, and chunks that expand."""

import struct
import zlib
from collections.abc import Iterable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.badfiles.record import BadFile, damaged, plain, refused, shows, too_large
from tests.badfiles.scene import encode, over_white, ramp, scene, whole

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
# Of each pass: first row, first column, and how far to the next row and column.
ADAM7 = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGBA: 4}
AFTER_HEADER = len(SIGNATURE) + 25
DAMAGED = damaged("PNG")
SHOWN = shows("PNG", scene())


def chunk(kind: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def header(width: int, height: int, depth: int = 8, colour: int = RGB, interlaced: int = 0) -> bytes:
    return SIGNATURE + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced))


def rows(samples: NDArray[np.integer], depth: int) -> bytes:
    """samples (H, W, C) as PNG stores them, unfiltered."""
    if depth == 16:
        stored = samples.astype(">u2").reshape(len(samples), -1).view(np.uint8)
    elif depth == 8:
        stored = samples.astype(np.uint8).reshape(len(samples), -1)
    else:
        bits = np.unpackbits(samples.astype(np.uint8).reshape(len(samples), -1, 1), axis=2)[..., -depth:]
        stored = np.packbits(bits.reshape(len(samples), -1), axis=1)
    return np.hstack([np.zeros((len(samples), 1), np.uint8), stored]).tobytes()


def png(samples: NDArray[np.integer], colour: int, depth: int = 8, *chunks: bytes, interlaced: bool = False) -> bytes:
    """samples: (H, W) or (H, W, C), each below 2 ** depth. chunks: those between the header and the pixels."""
    samples = samples.reshape(*samples.shape[:2], CHANNELS[colour])
    height, width, _ = samples.shape
    passes: Sequence[NDArray[np.integer]] = [samples]
    if interlaced:
        passes = [samples[top::down, left::across] for top, left, down, across in ADAM7]
    pixels = zlib.compress(b"".join(rows(each, depth) for each in passes))
    return header(width, height, depth, colour, int(interlaced)) + b"".join(chunks) + chunk(b"IDAT", pixels) + chunk(b"IEND")


def behind_header(more: bytes) -> bytes:
    return whole("PNG")[:AFTER_HEADER] + more + whole("PNG")[AFTER_HEADER:]


def _false_crc(kind: bytes) -> bytes:
    data = bytearray(behind_header(chunk(b"tEXt", b"Comment\0hello")))
    at = data.index(kind)
    end = at + 4 + int.from_bytes(data[at - 4 : at])
    data[end] ^= 1
    return bytes(data)


def _claims(width: int, height: int, colour: int = RGB) -> bytes:
    return header(width, height, 8, colour) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND")


def deflated(bands: Iterable[tuple[bytes, int]]) -> bytes:
    """zlib.compress of each row so many times, compressed once: flushed pieces of a deflated stream can be repeated."""
    packed, check = b"", 1
    for row, times in bands:
        press = zlib.compressobj(9, wbits=-15)
        packed += (press.compress(row) + press.flush(zlib.Z_FULL_FLUSH)) * times
        for _ in range(times):
            check = zlib.adler32(row, check)
    return b"\x78\xda" + packed + b"\3\0" + struct.pack(">I", check)


def bomb(megabytes: int) -> bytes:
    """So many zeros, deflated."""
    return deflated([(bytes(1_000_000), megabytes)])


def _grey_levels(depth: int) -> BadFile:
    levels = (ramp() * (2**depth - 1)).round().astype(np.int64)
    like = levels * 255 / (2**depth - 1)
    return BadFile(f"PNG in grey of {depth} bits", lambda: png(levels, GREY, depth), shows("PNG", like, 1 if depth == 16 else 0))


def _palette(depth: int) -> BadFile:
    colours = np.random.default_rng(depth).integers(0, 256, (2**depth, 3), np.uint8)
    index = (ramp() * (2**depth - 1)).round().astype(np.int64)
    data = png(index, PALETTE, depth, chunk(b"PLTE", colours.tobytes()))
    return BadFile(f"PNG with a palette of {depth} bits", lambda: data, shows("PNG", colours[index]))


DEEP = scene().astype(np.int64) * 257
DEEP_RAMP = (ramp() * 65_535).round().astype(np.int64)
ALPHA = (ramp() * 255).round()
GREY_8 = scene()[..., 0]
HALF = over_white(scene(), ALPHA)
KEY = np.array([[[9, 8, 7], [1, 2, 3]]])
LAST_WHITE = [[[9, 8, 7], [255, 255, 255]]]


def _flat(width: int, height: int) -> bytes:
    return encode(np.full((height, width, 3), (200, 100, 50), np.uint8), "PNG")


def _animated(first_is_shown: bool = True) -> bytes:
    """Two frames; by the format, a still picture that is not part of the animation is what others show."""
    frames = [Image.fromarray(scene()), Image.fromarray(scene()[::-1])]
    return encode(frames[0], "PNG", save_all=True, append_images=frames[1:], default_image=not first_is_shown)


def _for_iphones() -> bytes:
    """As Apple's tools pack it into apps: a chunk before the header, and pixels deflated without zlib's frame."""
    start, rest = whole("PNG")[: len(SIGNATURE)], whole("PNG")[len(SIGNATURE) :]
    return start + chunk(b"CgBI", b"P\0 \2") + rest[:25] + chunk(b"IDAT", zlib.compress(rows(scene(), 8))[2:-4]) + chunk(b"IEND")


FILES = [
    # ---- depths
    *map(_grey_levels, (1, 2, 4, 8, 16)),
    *map(_palette, (1, 2, 4, 8)),
    BadFile("PNG in RGB of 16 bits", lambda: png(DEEP, RGB, 16), shows("PNG", scene(), 1)),
    BadFile("PNG in RGBA of 16 bits", lambda: png(np.dstack([DEEP, DEEP_RAMP]), RGBA, 16), shows("PNG", HALF, 2)),
    BadFile(
        "PNG in grey with alpha of 16 bits",
        lambda: png(np.dstack([DEEP[..., 0], DEEP_RAMP]), GREY_ALPHA, 16),
        shows("PNG", over_white(np.dstack([GREY_8] * 3), ALPHA), 2),
    ),
    BadFile("PNG interlaced", lambda: png(scene(), RGB, interlaced=True), SHOWN),
    BadFile("PNG in grey of 16 bits, interlaced", lambda: png(DEEP[..., 0], GREY, 16, interlaced=True), shows("PNG", GREY_8, 1)),
    # ---- transparency
    BadFile("PNG in RGBA", lambda: png(np.dstack([scene(), ALPHA]), RGBA), shows("PNG", HALF, 1)),
    BadFile(
        "PNG in grey with alpha",
        lambda: png(np.dstack([GREY_8, ALPHA]), GREY_ALPHA),
        shows("PNG", over_white(np.dstack([GREY_8] * 3), ALPHA), 1),
    ),
    BadFile(
        "PNG with a transparent colour",
        lambda: png(KEY, RGB, 8, chunk(b"tRNS", struct.pack(">HHH", 1, 2, 3))),
        shows("PNG", LAST_WHITE),
    ),
    BadFile(
        "PNG in grey of 16 bits with a transparent level",
        lambda: png(np.array([[9 * 257, 300]]), GREY, 16, chunk(b"tRNS", struct.pack(">H", 300))),
        shows("PNG", [[9, 255]]),
    ),
    BadFile(
        "PNG in RGB of 16 bits with a transparent colour",
        lambda: png(KEY * 257, RGB, 16, chunk(b"tRNS", struct.pack(">HHH", 257, 514, 771))),
        shows("PNG", LAST_WHITE),
    ),
    BadFile(
        "PNG with a palette that is half transparent",
        lambda: png(np.array([[0, 1]]), PALETTE, 1, chunk(b"PLTE", bytes(3) + b"ddd"), chunk(b"tRNS", b"\x33\xff")),
        shows("PNG", [[204, 100]]),
    ),
    BadFile(
        "PNG with more transparent entries than its palette has",
        lambda: png(np.array([[0, 1]]), PALETTE, 1, chunk(b"PLTE", bytes(3) + b"ddd"), chunk(b"tRNS", b"\xff" * 256)),
        shows("PNG", [[0, 100]]),
    ),
    BadFile(
        "PNG with indices beyond its palette",
        lambda: png(np.array([[0, 200]]), PALETTE, 8, chunk(b"PLTE", b"ddd")),
        shows("PNG", [[100, 0]]),
    ),
    BadFile("PNG without its palette", lambda: png(np.array([[0, 1]]), PALETTE), DAMAGED),
    # ---- sizes
    *(
        BadFile(f"PNG of {size[0]:,} × {size[1]:,}", partial(_flat, *size), plain("PNG", size, (200, 100, 50)))
        for size in ((1, 1), (1, 10_000), (10_000, 1))
    ),
    BadFile("PNG of no width", lambda: _claims(0, 10), DAMAGED),
    BadFile("PNG of no height", lambda: _claims(10, 0), DAMAGED),
    BadFile("PNG claiming 30,000 × 30,000", lambda: _claims(30_000, 30_000), too_large("900", "30,000 × 30,000", 50)),
    BadFile(
        "PNG claiming the largest size there is",
        lambda: _claims(2**31 - 1, 2**31 - 1),
        too_large("4,611,686,014,132", "2,147,483,647 × 2,147,483,647", 50),
    ),
    BadFile("PNG of a colour type that does not exist", lambda: _claims(9, 9, colour=5), DAMAGED),
    # ---- chunks
    BadFile("PNG without its end chunk", lambda: whole("PNG")[:-12], SHOWN),
    BadFile("PNG without pixels", lambda: header(9, 9) + chunk(b"IEND"), DAMAGED),
    BadFile("PNG without a header", lambda: SIGNATURE + whole("PNG")[AFTER_HEADER:], DAMAGED),
    BadFile("PNG with a false sum on its header", lambda: _false_crc(b"IHDR"), DAMAGED),
    BadFile("PNG with a false sum on a comment", lambda: _false_crc(b"tEXt"), SHOWN),
    BadFile("PNG with a megabyte behind it", lambda: whole("PNG") + bytes(1_000_000), SHOWN),
    BadFile("PNG whose lines ended up as in a text file", lambda: whole("PNG").replace(b"\r\n", b"\n"), DAMAGED),
    BadFile("PNG with two headers", lambda: behind_header(header(9, 9)[len(SIGNATURE) :]), SHOWN),
    BadFile("PNG with a chunk that claims two gigabytes", lambda: behind_header(struct.pack(">I", 2**31 - 1) + b"tEXt"), DAMAGED),
    BadFile("PNG as iPhones' apps have them", _for_iphones, refused("a PNG packed for an iPhone app")),
    # ---- chunks that expand
    BadFile("PNG with a text of 300 megabytes", lambda: behind_header(chunk(b"zTXt", b"a\0\0" + bomb(300))), SHOWN),
    BadFile(
        "PNG with a worded text of 300 megabytes",
        lambda: behind_header(chunk(b"iTXt", b"a\0\1\0\0\0" + bomb(300))),
        SHOWN,
    ),
    BadFile("PNG with 400 texts of a megabyte", lambda: behind_header(chunk(b"zTXt", b"a\0\0" + bomb(1)) * 400), SHOWN),
    BadFile("PNG with a colour profile of 300 megabytes", lambda: behind_header(chunk(b"iCCP", b"a\0\0" + bomb(300))), SHOWN),
    BadFile(
        "PNG with 300 megabytes of pixels too many",
        lambda: header(9, 9) + chunk(b"IDAT", bomb(300)) + chunk(b"IEND"),
        plain("PNG", (9, 9), 0),
    ),
    # ---- animations
    BadFile("animated PNG", _animated, SHOWN),
    BadFile("animated PNG with a picture for others", lambda: _animated(first_is_shown=False), SHOWN),
    BadFile(
        "animated PNG claiming four thousand million frames",
        lambda: behind_header(chunk(b"acTL", struct.pack(">II", 2**32 - 1, 0))),
        SHOWN,
    ),
]
