"""JPEG (ITU-T T.81): tables, frame header and scans, without comments, previews and the pictures behind it."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from convoscope.decoding.containers import Contents, tags
from convoscope.decoding.refusal import rare, refused

MOST_SEGMENTS = 2_000  # before the pixels
MOST_TABLES = 200_000  # bytes
MOST_MARKERS = 50_000  # among the pixels
MOST_PASSES = 800  # scans × megapixels: each scan goes through all coefficients, at about a millisecond per megapixel
WINDOW = 2_000_000  # bytes that are searched at a time: other threads wait meanwhile

_SCAN, _END, _APP_1, _APP_2 = 0xDA, 0xD9, 0xE1, 0xE2
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_BASELINE, _PROGRESSIVE = (0xC0, 0xC1), 0xC2  # the others, lossless or with arithmetic coding, are not for photos
_TABLES = (0xC4, 0xCC, 0xDB, 0xDD, 0xE0, 0xEE)  # the last two: JFIF's and Adobe's word on what the colours mean
_BARE = (0x01, *range(0xD0, 0xD9))  # without a length
_EXIF, _PROFILE = b"Exif\0\0", b"ICC_PROFILE\0"
_MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")  # among pixels 0xFF 0x00 is a byte, and restarts belong to them


class _Segment(NamedTuple):
    marker: int
    start: int
    content: bytes


def contents(data: bytes) -> Contents:
    segments = list(_segments(data))
    frame, scan = [each for each in segments if each.marker in _FRAMES][0], segments[-1]  # noqa: RUF015 - not StopIteration
    height, width, colours = int.from_bytes(frame.content[1:3]), int.from_bytes(frame.content[3:5]), frame.content[5]
    if frame.content[0] != 8 or frame.marker not in (*_BASELINE, _PROGRESSIVE):
        raise rare("JPEG")
    one_pass = frame.marker in _BASELINE and scan.content[0] == colours
    if not one_pass and (scans := _scans(data, scan.start)) * width * height > MOST_PASSES * 1e6:
        raise refused(f"a JPEG picture in {scans:,} passes")
    kept = [data[each.start : each.start + 4 + len(each.content)] for each in segments if each is frame or each.marker in _TABLES]
    if sum(map(len, kept)) > MOST_TABLES:
        raise ValueError("more tables than there can be")
    exif = next((each.content for each in segments if each.marker == _APP_1 and each.content.startswith(_EXIF)), b"")
    return Contents(
        b"".join([b"\xff\xd8", *kept, data[scan.start :]]),
        width,
        height,
        0.1 if one_pass else _coefficients(frame.content),
        one_pass,
        tags.orientation(exif),
        _profile(segments),
    )


def _segments(data: bytes) -> Iterator[_Segment]:
    """Up to the first scan's header."""
    at = 2
    for _ in range(MOST_SEGMENTS):
        found = _next_marker(data, at)
        if not found or found[1][0] == _END:
            break
        marker, at = found[1][0], found.end()
        if marker in _BARE:
            continue
        length = max(2, int.from_bytes(data[at : at + 2]))
        yield _Segment(marker, at - 2, data[at + 2 : at + length])
        if marker == _SCAN:
            return
        at += length
    raise ValueError("no scan")


def _next_marker(data: bytes, at: int) -> re.Match[bytes] | None:
    while at < len(data):
        if found := _MARKER.search(data, at, at + WINDOW + 1):
            return found
        at += WINDOW
    return None


def _scans(data: bytes, at: int) -> int:
    """How many there are up to the end of the picture."""
    scans = 0
    for _ in range(MOST_MARKERS):
        found = _next_marker(data, at)
        if not found or found[1][0] == _END:
            return scans
        marker, at = found[1][0], found.end()
        scans += marker == _SCAN
        if marker not in _BARE:
            at += int.from_bytes(data[at : at + 2])
    raise ValueError("too many markers")


def _coefficients(frame: bytes) -> float:
    """Bytes for each pixel, if all coefficients are kept: two for each sample."""
    samplings = [(byte >> 4) * (byte & 15) for byte in frame[7::3]]
    return 2 * sum(samplings) / max(samplings)


def _profile(segments: list[_Segment]) -> bytes | None:
    """A profile comes in numbered pieces."""
    pieces = [each.content for each in segments if each.marker == _APP_2 and each.content.startswith(_PROFILE)]
    return b"".join(piece[14:] for piece in sorted(pieces, key=lambda piece: piece[12])) or None
