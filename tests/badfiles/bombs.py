"""Small files and small pictures that would cost much more, if everything in them were looked at."""

import struct

import numpy as np

from tests.badfiles import bmp, exif, gif, jpeg, png, tiff, webp
from tests.badfiles.grid import grid
from tests.badfiles.large import tall_jpeg
from tests.badfiles.record import CostlyFile
from tests.badfiles.scene import encode, whole

UPLOAD = 20_000_000  # bytes


def _times(part: bytes) -> bytes:
    """Repeated up to the size of an upload, with some room for the file around it."""
    return part * ((UPLOAD - 20_000) // len(part))


def _jpeg_with(more: bytes) -> bytes:
    return jpeg.behind_start(whole("JPEG"), more)


def _scans() -> bytes:
    data = tall_jpeg(7_936, 4_992, progressive=True)
    last = len(jpeg.segments(data)[-1][1])
    return jpeg.scan_bomb(data, (UPLOAD - len(data)) // last)


def _comments_between_scans() -> bytes:
    parts = jpeg.segments(whole("progressive JPEG"))
    return jpeg.joined([*parts[:-1], (jpeg.COMMENT, _times(jpeg.segment(jpeg.COMMENT, b""))), parts[-1]])


def _exif_of_entries() -> bytes:
    entry = (0x010E, exif.LONG, 1, bytes(4))
    return encode(np.zeros((30, 40, 3), np.uint8), "PNG", exif=exif.exif(*[entry] * 5_000))


def _pages() -> bytes:
    """Lists of one entry, each pointing to the next."""
    first = tiff.tiff(np.zeros((30, 40, 3), np.uint8))
    size = 2 + 12 + 4
    places = (len(first) + size * page for page in range((UPLOAD - len(first)) // size))
    lists = b"".join(struct.pack("<HHHIII", 1, tiff.WIDTH, 3, 1, 40, place + size) for place in places)
    return tiff.tiff(np.zeros((30, 40, 3), np.uint8), next_page=len(first)) + lists


def _runs() -> bytes:
    row = b"\1\7" * 5_000 + b"\0\0"
    rows = UPLOAD // len(row)
    return bmp.bmp((5_000, rows), 8, row * rows, packing=bmp.RLE8, before=bmp.PALETTE_8)


FILES = [
    CostlyFile("progressive JPEG whose last scan fills the upload", "progressive JPEG", _scans),
    CostlyFile("progressive JPEG with five million comments between its scans", "progressive JPEG", _comments_between_scans),
    CostlyFile("JPEG of five million comments", "JPEG", lambda: _jpeg_with(_times(b"\xff\xfe\0\2"))),
    CostlyFile("JPEG of twenty million fill bytes", "JPEG", lambda: _jpeg_with(_times(b"\xff"))),
    CostlyFile("JPEG of two million EXIF segments", "JPEG", lambda: _jpeg_with(_times(b"\xff\xe1\0\x08Exif\0\0"))),
    CostlyFile(
        "JPEG of a million notes by Photoshop", "JPEG", lambda: _jpeg_with(_times(jpeg.segment(0xED, b"Photoshop 3.0\0")))
    ),
    CostlyFile(
        "PNG with texts of 400 megabytes", "PNG", lambda: png.behind_header(png.chunk(b"zTXt", b"a\0\0" + png.bomb(1)) * 400)
    ),
    CostlyFile("PNG with a text of a gigabyte", "PNG", lambda: png.behind_header(png.chunk(b"zTXt", b"a\0\0" + png.bomb(1_000)))),
    CostlyFile(
        "PNG with a profile of a gigabyte", "PNG", lambda: png.behind_header(png.chunk(b"iCCP", b"a\0\0" + png.bomb(1_000)))
    ),
    CostlyFile(
        "PNG with a gigabyte of pixels too many",
        "PNG",
        lambda: png.header(9, 9) + png.chunk(b"IDAT", png.bomb(1_000)) + png.chunk(b"IEND"),
    ),
    CostlyFile("PNG of 1.6 million chunks", "PNG", lambda: png.behind_header(_times(png.chunk(b"abCd")))),
    CostlyFile("PNG of a million texts", "PNG", lambda: png.behind_header(_times(png.chunk(b"tEXt", b"a\0b")))),
    CostlyFile("PNG of 1.6 million empty pieces of pixels", "PNG", lambda: png.behind_header(_times(png.chunk(b"IDAT")))),
    CostlyFile("PNG with EXIF data of 5,000 entries", "PNG", _exif_of_entries),
    CostlyFile("GIF of a million frames", "GIF", lambda: gif.gif((4, 3), _times(gif.frame(gif.INDEX)), gif.TRAILER)),
    CostlyFile("GIF of six million comments", "GIF", lambda: gif.gif((4, 3), _times(gif.comment(b"", 0)), gif.frame(gif.INDEX))),
    CostlyFile(
        "GIF with a comment in ten million pieces",
        "GIF",
        lambda: gif.gif((4, 3), gif.comment(b"a", 9_900_000), gif.frame(gif.INDEX)),
    ),
    CostlyFile("WebP of 34 bytes and 177 megapixels", "lossless WebP", lambda: webp.riff(webp.one_colour(13_300, 13_300))),
    CostlyFile(
        "animated WebP of 200,000 frames", "lossless WebP", lambda: webp.animation((9, 9), [webp.one_colour(9, 9)] * 200_000)
    ),
    CostlyFile("BMP of ten million run lengths", "BMP", _runs),
    CostlyFile("TIFF of a million pages", "TIFF", _pages),
    CostlyFile("HEIC of 900 megapixels", "HEIC", lambda: grid("HEIC", 60, 60)),
    CostlyFile("AVIF of 900 megapixels", "AVIF", lambda: grid("AVIF", 60, 60)),
]
