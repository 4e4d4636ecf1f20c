"""PNG (ISO/IEC 15948): header, palette and pixels, without text, and without the frames of an animation."""

import struct
import zlib

from convoscope.decoding.containers import FIRST_FRAME, MOST_PROFILE, Contents, tags

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MOST_CHUNKS = 500_000
TIME = 1.2  # the decoder holds 4 bytes of a pixel; where it unpacks more, each counts as so many, for the time it takes

_CHUNK = struct.Struct(">I4s")
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by the kind of colour
_ONCE = (b"PLTE", b"tRNS", b"iCCP", b"eXIf", b"acTL")


def contents(data: bytes) -> Contents:
    header = data[8:33]  # with its length and its sum, which the decoder checks
    if data[:8] != SIGNATURE or header[:8] != b"\0\0\0\x0dIHDR":
        raise ValueError("no header")
    width, height, depth, colour = struct.unpack_from(">8xIIBB", header)
    once, pixels = _chunks(data)
    kept = [_chunk(kind, once[kind]) for kind in (b"PLTE", b"tRNS") if kind in once]
    notes = [FIRST_FRAME] if b"acTL" in once else []
    if depth == 16:
        notes.append("16 bit turned into 8")
        if len(once.get(b"tRNS", b"")) == 6:  # the decoder makes 8 bit of the pixels, but not of the colour to leave out
            kept[-1] = _chunk(b"tRNS", bytes(byte for high in once[b"tRNS"][::2] for byte in (0, high)))
    return Contents(
        b"".join([SIGNATURE, header, *kept, _chunk(b"IDAT", pixels), _chunk(b"IEND", b"")]),
        width,
        height,
        max(4, _CHANNELS.get(colour, 4) * depth / 8 * TIME),
        orientation=tags.orientation(once.get(b"eXIf", b"")),
        profile=_profile(once.get(b"iCCP", b"")),
        notes=tuple(notes),
    )


def _chunks(data: bytes) -> tuple[dict[bytes, bytes], bytes]:
    """Those that are needed, by kind, and the pixels in one piece."""
    once: dict[bytes, bytes] = {}
    pixels = []
    at = 33
    for _ in range(MOST_CHUNKS):
        if len(data) < at + _CHUNK.size:
            break
        size, kind = _CHUNK.unpack_from(data, at)
        if kind == b"IEND":
            break
        if kind == b"IDAT":
            pixels.append(data[at + 8 : at + 8 + size])
        elif kind in _ONCE:
            once.setdefault(kind, data[at + 8 : at + 8 + size])
        at += 12 + size
    else:
        raise ValueError("too many chunks")
    return once, b"".join(pixels)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return _CHUNK.pack(len(content), kind) + content + struct.pack(">I", zlib.crc32(kind + content))


def _profile(packed: bytes) -> bytes | None:
    """A name, a zero, how it is packed, and the packed profile; None if it is damaged or too large."""
    try:
        unpacking = zlib.decompressobj()
        profile = unpacking.decompress(packed[packed.index(b"\0") + 2 :], MOST_PROFILE)
    except (ValueError, zlib.error):
        return None
    return profile if unpacking.eof else None
