"""The files that cost most among those that are shown. None is encoded at its full size, none is larger than an upload."""

import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image

from tests.badfiles import bmp, gif, jpeg, png, tiff, webp
from tests.badfiles.grid import grid
from tests.badfiles.record import CostlyFile
from tests.badfiles.scene import encode

SIDE = 7_071  # pixels of a square of 50 megapixels


# ---- JPEG: a band of 128 rows, repeated


def _noise(width: int, height: int, mode: str) -> Image.Image:
    shape = (height // 8, width // 8, len(mode)) if len(mode) > 1 else (height // 8, width // 8)
    coarse = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    return Image.fromarray(coarse, mode).resize((width, height), Image.Resampling.BICUBIC)


def tall_jpeg(width: int, height: int, mode: str = "RGB", **options: Any) -> bytes:
    band = encode(_noise(width, 128, mode), "JPEG", restart_marker_rows=1, **{"quality": 20} | options)
    return jpeg.taller(band, height // 128)


def _colour_after_colour(width: int, height: int) -> bytes:
    """A baseline JPEG with a scan for each colour, so that everything must be kept until the last one."""
    parts = []
    for marker, part in jpeg.segments(encode(_noise(width, 128, "L"), "JPEG", quality=20, restart_marker_rows=1)):
        if marker == jpeg.BASELINE:
            parts.append((marker, part[:2] + struct.pack(">H", 17) + part[4:9] + b"\3\1\x11\0\2\x11\0\3\x11\0"))
        elif marker == jpeg.SCAN:
            parts += [(marker, part[:5] + bytes([number]) + part[6:]) for number in (1, 2, 3)]
        else:
            parts.append((marker, part))
    return jpeg.taller(jpeg.joined(parts), height // 128)


# ---- PNG and TIFF: rows or strips that are all alike


def _pattern(size: int) -> bytes:
    return (np.random.default_rng(0).bytes(48) * (size // 48 + 1))[:size]


def _png(colour: int, depth: int = 8, *, interlaced: bool = False, filter: int = 2, side: int = SIDE) -> bytes:
    """filter 2: each row differs from the one above by the same pattern; 4: the slowest one."""
    passes = png.ADAM7 if interlaced else ((0, 0, 1, 1),)
    sizes = [(-(-(side - left) // across), -(-(side - top) // down)) for top, left, down, across in passes]
    bits = png.CHANNELS[colour] * depth
    pixels = png.deflated((bytes([filter]) + _pattern((width * bits + 7) // 8), height) for width, height in sizes)
    palette = png.chunk(b"PLTE", bytes(range(256)) * 3) if colour == png.PALETTE else b""
    return png.header(side, side, depth, colour, int(interlaced)) + palette + png.chunk(b"IDAT", pixels) + png.chunk(b"IEND")


def _tiff(type: str, channels: int, side: int = SIDE, *, deflated: bool = True) -> bytes:
    """Strips of 64 rows, all in the same place in the file."""
    rows = np.frombuffer(_pattern(64 * side * channels), np.uint8).reshape(64, side, channels).astype(type)
    strips = -(-side // 64)
    body = zlib.compress(rows.tobytes(), 9) if deflated else rows.tobytes()
    places = {tiff.OFFSETS: ("I", *[8] * strips), tiff.COUNTS: ("I", *[len(body)] * strips), tiff.ROWS: ("I", 64)}
    meaning = {tiff.PHOTOMETRIC: ("H", 5)} if channels == 4 else {}
    packing = {tiff.HEIGHT: ("I", side), tiff.COMPRESSION: ("H", 8 if deflated else 1)}
    return tiff.tiff(rows, {**places, **packing, **meaning}, body=body)


# ---- others


def _gif(frames: int) -> bytes:
    picture = Image.fromarray(np.frombuffer(_pattern(SIDE), np.uint8)[None].repeat(SIDE, 0) % 4, "P")
    picture.putpalette(gif.COLOURS.tobytes())
    whole_file = encode(picture, "GIF")
    frame = whole_file[whole_file.index(b",") : -1]
    return gif.gif((SIDE, SIDE), *[gif.control(transparent=1) + frame] * frames, gif.TRAILER)


def _webp(width: int, height: int, *, alpha: bool = False) -> bytes:
    lossy = (b"VP8 ", encode(_noise(width, height, "RGB"), "WEBP", quality=30, method=0)[20:])
    if not alpha:
        return webp.riff(lossy)
    return webp.riff(webp.extended(width, height, flags=0x10), (b"ALPH", b"\1" + webp.one_level(128)), lossy)


def _bmp_of_runs() -> bytes:
    row = b"\xff\7" * (SIDE // 255) + b"\0\0"
    return bmp.bmp((SIDE, SIDE), 8, row * SIDE, packing=bmp.RLE8, before=bmp.PALETTE_8)


def _bmp_of_short_runs() -> bytes:
    row = b"\1\7" * 9_990 + b"\0\0"
    return bmp.bmp((9_990, 100), 8, row * 100, packing=bmp.RLE8, before=bmp.PALETTE_8)


FILES = [
    CostlyFile("JPEG of 200 megapixels", "JPEG", lambda: tall_jpeg(20_000, 9_984)),
    CostlyFile("CMYK JPEG of 100 megapixels", "JPEG", lambda: tall_jpeg(10_000, 9_984, "CMYK", quality=5)),
    CostlyFile("JPEG of 40 megapixels, colour after colour", "JPEG", lambda: _colour_after_colour(7_936, 4_992)),
    CostlyFile("progressive JPEG of 40 megapixels", "progressive JPEG", lambda: tall_jpeg(7_936, 4_992, progressive=True)),
    CostlyFile(
        "progressive JPEG of 40 megapixels in 20 passes",
        "progressive JPEG",
        lambda: jpeg.scan_bomb(tall_jpeg(7_936, 4_992, progressive=True, subsampling=0), 10),
    ),
    CostlyFile(
        "progressive CMYK JPEG of 30 megapixels", "progressive JPEG", lambda: tall_jpeg(6_016, 4_992, "CMYK", progressive=True)
    ),
    CostlyFile("PNG of 50 megapixels", "PNG", lambda: _png(png.RGB, filter=4)),
    CostlyFile("PNG of 50 megapixels with a palette", "PNG", lambda: _png(png.PALETTE)),
    CostlyFile("PNG of 50 megapixels with alpha", "PNG", lambda: _png(png.RGBA)),
    CostlyFile("PNG of 50 megapixels with alpha, interlaced", "PNG", lambda: _png(png.RGBA, interlaced=True)),
    CostlyFile("PNG of 50 megapixels in grey of 16 bits", "PNG", lambda: _png(png.GREY, 16)),
    CostlyFile("PNG of 29 megapixels with alpha of 16 bits", "PNG", lambda: _png(png.RGBA, 16, filter=4, side=5_380)),
    CostlyFile("GIF of 50 megapixels", "GIF", lambda: _gif(1)),
    CostlyFile("GIF of 50 megapixels and ten frames", "GIF", lambda: _gif(10)),
    CostlyFile("WebP of 15 megapixels", "WebP", lambda: _webp(4_992, 2_992)),
    CostlyFile("WebP of 15 megapixels with alpha", "WebP", lambda: _webp(4_992, 2_992, alpha=True)),
    CostlyFile(
        "animated WebP of 15 megapixels",
        "lossless WebP",
        lambda: webp.animation((5_000, 3_000), [webp.one_colour(5_000, 3_000)] * 100),
    ),
    CostlyFile("BMP of 50 megapixels in run lengths", "BMP", _bmp_of_runs),
    CostlyFile("BMP of a million run lengths", "BMP", _bmp_of_short_runs),
    CostlyFile("TIFF of 50 megapixels", "TIFF", lambda: _tiff("u1", 3, deflated=False)),
    CostlyFile("TIFF of 50 megapixels in inks", "TIFF", lambda: _tiff("u1", 4)),
    CostlyFile("TIFF of 50 megapixels in floats", "TIFF", lambda: _tiff("<f4", 1)),
    CostlyFile("TIFF of 41 megapixels in colours of 16 bits", "TIFF", lambda: _tiff("<u2", 3, 6_400)),
    CostlyFile("TIFF of 20 megapixels in colours of floats", "TIFF", lambda: _tiff("<f4", 3, 4_400)),
    CostlyFile("HEIC of 48 megapixels", "HEIC", lambda: grid("HEIC", 13, 14)),
    CostlyFile("HEIC of 29 megapixels, colours in full", "HEIC", lambda: grid("HEIC", 10, 11, "4:4:4")),
    CostlyFile("AVIF of 23 megapixels", "AVIF", lambda: grid("AVIF", 9, 10)),
    CostlyFile("AVIF of 21 megapixels, colours in full", "AVIF", lambda: grid("AVIF", 8, 10, "4:4:4")),
]
