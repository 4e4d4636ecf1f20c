"""BMP: its headers. There is nothing in it to leave out."""

import struct

from convoscope.decoding.containers import Contents
from convoscope.decoding.refusal import rare, refused

MOST_RUNS = 2_000_000  # bytes of run lengths: the decoder goes through them in Python

_CORE = 12  # bytes of the oldest header
_PLAIN, _RUNS_OF_8, _RUNS_OF_4, _MASKS = range(4)


def contents(data: bytes) -> Contents:
    start, header = struct.unpack_from("<10xII", data)
    if header == _CORE:
        width, height, bits, packing = *struct.unpack_from("<18xHHxxH", data), _PLAIN
    else:
        width, height, bits, packing = struct.unpack_from("<18xiixxHI", data)
    if width <= 0 or not height:
        raise ValueError("a size that cannot be")
    if bits not in (1, 4, 8, 16, 24, 32) or packing > _MASKS:
        raise rare("BMP")
    if packing in (_RUNS_OF_8, _RUNS_OF_4) and len(data) - start > MOST_RUNS:
        raise refused("a BMP picture in very many run lengths")
    return Contents(data, width, abs(height), 4)
