"""WebP (RFC 9649): the picture or the first frame, without metadata and further frames."""

import struct
from collections.abc import Iterator

from convoscope.decoding.containers import FIRST_FRAME, Contents, tags

MOST_CHUNKS = 100_000

_CHUNK = struct.Struct("<4sI")
_PICTURE = (b"VP8X", b"ALPH", b"VP8 ", b"VP8L", b"ANIM", b"ANMF")
_ANIMATION, _ALPHA = 0x02, 0x10  # flags of the long form; the others announce metadata
_METADATA = (b"EXIF", b"ICCP")


def contents(data: bytes) -> Contents:
    kept: dict[bytes, bytes] = {}
    for kind, content in _chunks(data):
        if kind in _PICTURE or kind in _METADATA:
            kept.setdefault(kind, content)
    width, height = _size(kept)
    animated = b"ANMF" in kept
    if b"VP8X" in kept:
        kept[b"VP8X"] = bytes([kept[b"VP8X"][0] & (_ANIMATION | _ALPHA)]) + kept[b"VP8X"][1:]
    return Contents(
        _riff([(kind, kept[kind]) for kind in _PICTURE if kind in kept]),
        width,
        height,
        18,  # two canvases, and two copies on their way out
        orientation=tags.orientation(kept.get(b"EXIF", b"")),
        profile=kept.get(b"ICCP"),
        notes=(FIRST_FRAME,) if animated else (),
    )


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    for _ in range(MOST_CHUNKS):
        if len(data) < at + _CHUNK.size:
            return
        kind, size = _CHUNK.unpack_from(data, at)
        at += _CHUNK.size
        yield kind, data[at : at + size]
        at += size + size % 2


def _size(chunks: dict[bytes, bytes]) -> tuple[int, int]:
    if b"VP8X" in chunks:
        canvas = chunks[b"VP8X"]
        return 1 + int.from_bytes(canvas[4:7], "little"), 1 + int.from_bytes(canvas[7:10], "little")
    if b"VP8L" in chunks:
        (bits,) = struct.unpack_from("<xI", chunks[b"VP8L"])
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack_from("<6xHH", chunks[b"VP8 "])
    return width & 0x3FFF, height & 0x3FFF


def _riff(chunks: list[tuple[bytes, bytes]]) -> bytes:
    parts = [b"WEBP"]
    for kind, content in chunks:
        parts += [_CHUNK.pack(kind, len(content)), content, bytes(len(content) % 2)]
    return b"".join([_CHUNK.pack(b"RIFF", sum(map(len, parts))), *parts])
