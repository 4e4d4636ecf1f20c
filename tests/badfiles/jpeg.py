"""JPEG: kinds of colour, odd headers, and scans that cost more than they show."""

import struct
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.badfiles.record import UNKNOWN, BadFile, damaged, plain, rare, refused, shows, too_large
from tests.badfiles.scene import FINE, encode, ramp, scene, whole

SOI, EOI = b"\xff\xd8", b"\xff\xd9"
BASELINE, EXTENDED, PROGRESSIVE, LOSSLESS, ARITHMETIC = 0xC0, 0xC1, 0xC2, 0xC3, 0xC9
SCAN, HEIGHT_AT_THE_END, COMMENT, ADOBE = 0xDA, 0xDC, 0xFE, 0xEE
WITHIN = 6
DAMAGED = damaged("JPEG")


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, 2 + len(content)) + content


def segments(data: bytes) -> list[tuple[int, bytes]]:
    """(marker, the whole segment) up to the end; a scan goes with the entropy-coded data behind it."""
    found, at = [], 2
    while data[at : at + 2] != EOI:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        if data[at + 1] == SCAN:
            while data[end] != 0xFF or data[end + 1] in (0, *range(0xD0, 0xD8)):
                end += 1
        found.append((data[at + 1], data[at:end]))
        at = end
    return found


def joined(parts: list[tuple[int, bytes]]) -> bytes:
    return SOI + b"".join(part for _, part in parts) + EOI


def behind_start(data: bytes, more: bytes) -> bytes:
    return data[:2] + more + data[2:]


def _frame(data: bytes) -> int:
    """Where the header of the frame begins: 0xFF, marker, length (2 bytes), bits, height (2), width (2), number of colours."""
    return next(data.index(bytes([0xFF, kind])) for kind in (BASELINE, PROGRESSIVE) if bytes([0xFF, kind]) in data)


def sized(data: bytes, width: int, height: int) -> bytes:
    """The same file, claiming another size."""
    at = _frame(data) + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]


def _called(data: bytes, marker: int) -> bytes:
    """The same file, claiming another way of coding."""
    at = _frame(data) + 1
    return data[:at] + bytes([marker]) + data[at + 1 :]


def _deep(data: bytes, bits: int) -> bytes:
    """The same file, claiming another number of bits."""
    at = _frame(data) + 4
    return data[:at] + bytes([bits]) + data[at + 1 :]


def taller(data: bytes, times: int) -> bytes:
    """The picture repeated downwards, without encoding it again.

    It must be a multiple of 128 pixels high and have a restart marker after each row of blocks: every restart begins
    anew, so the scans' data can be repeated, as long as the markers' numbers go on from 7 to 0.
    """
    parts, height = [], 0
    for marker, part in segments(data):
        if marker in (BASELINE, PROGRESSIVE):
            height = int.from_bytes(part[5:7]) * times
            part = part[:5] + struct.pack(">H", height) + part[7:]
        if marker == SCAN:
            start = 2 + int.from_bytes(part[2:4])
            part = part[:start] + b"\xff\xd7".join([part[start:]] * times)
        parts.append((marker, part))
    return joined(parts)


def scan_bomb(data: bytes, times: int) -> bytes:
    """The last scan of a progressive file, again and again."""
    parts = segments(data)
    return joined(parts + [parts[-1]] * times)


# ---- kinds of colour


@cache
def _inks() -> NDArray[np.uint8]:
    """Magenta and yellow (red) at the left, paper at the right: uint8 (8, 16, 4), 255 is full ink."""
    inks = np.zeros((8, 16, 4), np.uint8)
    inks[:, :8, 1:3] = 255
    return inks


def _cmyk(adobe: bool = True, ycck: bool = False) -> bytes:
    """Adobe's programs store inks inverted, so does Pillow; YCCK is their YCbCr with K untouched."""
    inks = _inks()
    if ycck:
        lightness = np.asarray(Image.fromarray(inks[..., :3]).convert("YCbCr"))
        inks = np.dstack([255 - lightness, inks[..., 3]])
    parts = segments(encode(Image.fromarray(inks, "CMYK"), "JPEG", **FINE))
    if ycck:
        parts = [(marker, part[:-1] + b"\2" if marker == ADOBE else part) for marker, part in parts]
    return joined([part for part in parts if adobe or part[0] != ADOBE])


RED_AND_PAPER = np.full((8, 16, 3), np.nan)
RED_AND_PAPER[:, :7], RED_AND_PAPER[:, 9:] = (255, 0, 0), 255
GREY = (ramp() * 255).round()


def _jpeg(pixels: NDArray[Any], **options: Any) -> bytes:
    return encode(pixels, "JPEG", **FINE | options)


def _flat(width: int, height: int, **options: Any) -> bytes:
    return _jpeg(np.full((height, width, 3), (200, 100, 50), np.uint8), **options)


def _burst() -> bytes:
    """The middle of the scan overwritten: libjpeg goes on after it."""
    data = bytearray(_flat(128, 128, restart_marker_rows=1))
    middle = len(data) - 40
    data[middle : middle + 3] = bytes(3)
    return bytes(data)


FILES = [
    BadFile("JPEG in grey", lambda: _jpeg(GREY.astype(np.uint8)), shows("JPEG", GREY, WITHIN)),
    BadFile("JPEG stored as RGB", lambda: _jpeg(scene(), keep_rgb=True), shows("JPEG", scene(), WITHIN)),
    BadFile("CMYK JPEG", _cmyk, shows("JPEG", RED_AND_PAPER, 8)),
    BadFile("CMYK JPEG without Adobe's marker", lambda: _cmyk(adobe=False), shows("JPEG", RED_AND_PAPER, 8)),
    BadFile("YCCK JPEG", lambda: _cmyk(ycck=True), shows("JPEG", RED_AND_PAPER, 8)),
    # ---- sizes
    BadFile("JPEG of 1 × 1", lambda: _flat(1, 1), plain("JPEG", (1, 1), (200, 100, 50), WITHIN)),
    BadFile("JPEG of 1 × 10,000", lambda: _flat(1, 10_000), plain("JPEG", (1, 10_000), (200, 100, 50), WITHIN)),
    BadFile("JPEG of 10,000 × 1", lambda: _flat(10_000, 1), plain("JPEG", (10_000, 1), (200, 100, 50), WITHIN)),
    BadFile("JPEG of 65,500 × 8", lambda: _flat(65_500, 8), plain("JPEG", (65_500, 8), (200, 100, 50), WITHIN)),
    BadFile(
        "JPEG claiming 65,500 × 65,500", lambda: sized(whole("JPEG"), 65_500, 65_500), too_large("4,290", "65,500 × 65,500", 200)
    ),
    BadFile("JPEG claiming 65,535 × 4,000", lambda: sized(whole("JPEG"), 65_535, 4_000), too_large("262", "65,535 × 4,000", 200)),
    BadFile(
        "progressive JPEG claiming 8,000 × 8,000",
        lambda: sized(whole("progressive JPEG"), 8_000, 8_000),
        too_large("64", "8,000 × 8,000", 40),
    ),
    BadFile("JPEG of no height", lambda: sized(whole("JPEG"), 40, 0), DAMAGED),
    BadFile(
        "JPEG that tells its height at the end",
        lambda: sized(whole("JPEG"), 40, 0)[:-2] + segment(HEIGHT_AT_THE_END, struct.pack(">H", 30)) + EOI,
        DAMAGED,
    ),
    # ---- headers
    BadFile("JPEG of 12 bits", lambda: _called(_deep(whole("JPEG"), 12), EXTENDED), rare("JPEG")),
    BadFile("JPEG of 1 bit", lambda: _deep(whole("JPEG"), 1), rare("JPEG")),
    BadFile("JPEG that calls its coding arithmetic", lambda: _called(whole("JPEG"), ARITHMETIC), rare("JPEG")),
    BadFile("lossless JPEG", lambda: _called(whole("JPEG"), LOSSLESS), rare("JPEG")),
    BadFile("JPEG without a frame header", lambda: joined([p for p in segments(whole("JPEG")) if p[0] != BASELINE]), DAMAGED),
    BadFile("JPEG without tables", lambda: joined([p for p in segments(whole("JPEG")) if p[0] != 0xDB]), DAMAGED),
    BadFile("JPEG without its end marker", lambda: whole("JPEG")[:-2], DAMAGED),
    BadFile("JPEG of nothing but a start", lambda: SOI + b"\xff", DAMAGED),
    BadFile("JPEG after a line of text", lambda: b"HTTP/1.1 200 OK\r\n\r\n" + whole("JPEG"), UNKNOWN),
    BadFile("JPEG with a megabyte behind it", lambda: whole("JPEG") + bytes(1_000_000), shows("JPEG", scene(), WITHIN)),
    BadFile("JPEG with a film behind it", lambda: whole("JPEG") + b"\0\0\0\x18ftypmp42" * 9, shows("JPEG", scene(), WITHIN)),
    BadFile("JPEG with another behind it", lambda: whole("JPEG") + _flat(99, 99), shows("JPEG", scene(), WITHIN)),
    BadFile(
        "JPEG with a comment as long as can be",
        lambda: behind_start(whole("JPEG"), segment(COMMENT, b"a" * 65_533)),
        shows("JPEG", scene(), WITHIN),
    ),
    BadFile(
        "JPEG with a comment of impossible length",
        lambda: behind_start(whole("JPEG"), b"\xff\xfe\0\0"),
        shows("JPEG", scene(), WITHIN),
    ),
    # ---- scans
    BadFile("JPEG damaged in its middle", _burst, plain("JPEG", (128, 128), np.nan)),
    BadFile(
        "JPEG with a restart marker after each block",
        lambda: _jpeg(scene(300, 400), restart_marker_blocks=1),
        shows("JPEG", scene(300, 400), WITHIN),
    ),
    BadFile(
        "JPEG whose restarts repeat the picture",
        lambda: taller(_flat(64, 128, restart_marker_rows=1), 5),
        plain("JPEG", (64, 640), (200, 100, 50), WITHIN),
    ),
    BadFile(
        "small progressive JPEG whose last scan comes 300 times",
        lambda: scan_bomb(whole("progressive JPEG"), 300),
        plain("JPEG", (40, 30), np.nan),
    ),
    BadFile(
        "large progressive JPEG whose last scan comes 300 times",
        lambda: sized(scan_bomb(whole("progressive JPEG"), 300), 6_000, 6_000),
        refused("a JPEG picture in 310 passes"),
    ),
]
