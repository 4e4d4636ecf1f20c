"""AV1 (AV1 Bitstream Specification, 5.3 to 5.5): how large the frames may be. A box around them can say anything."""

from collections.abc import Iterator

MOST_UNITS = 1_000

_SEQUENCE_HEADER = 1
_LONGEST_HEADER = 256  # bytes that are looked at


def most_pixels(packed: bytes) -> int:
    """Of the largest frame that any sequence header lets in; 0 without one. Raises ValueError for what no picture has."""
    return max((_allowed(content) for kind, content in _units(packed) if kind == _SEQUENCE_HEADER), default=0)


def _units(packed: bytes) -> Iterator[tuple[int, bytes]]:
    """The kind of each unit, and how its contents begin."""
    at = 0
    for _ in range(MOST_UNITS):
        if at >= len(packed):
            return
        header = packed[at]
        at += 2 if header & 4 else 1
        size = len(packed) - at
        if header & 2:
            size, at = _size(packed, at)
        yield header >> 3 & 15, packed[at : at + min(size, _LONGEST_HEADER)]
        at += size
    raise ValueError("too many units")


def _size(packed: bytes, at: int) -> tuple[int, int]:
    """Seven bits in each byte, the lowest first; and where it ends."""
    size = 0
    for place in range(8):
        byte = packed[at + place]
        size |= (byte & 127) << 7 * place
        if byte < 128:
            return size, at + place + 1
    raise ValueError("a size without end")


def _allowed(header: bytes) -> int:
    bits = _Bits(header)
    bits.take(4)  # profile, and whether it is a still picture
    is_reduced = bits.take(1)
    if is_reduced:
        bits.take(5)  # level
    else:
        if bits.take(1):
            raise ValueError("a film's timing")
        has_delays = bits.take(1)
        for _ in range(bits.take(5) + 1):
            bits.take(12)
            if bits.take(5) > 7:  # level
                bits.take(1)
            if has_delays and bits.take(1):
                bits.take(4)
    across, down = bits.take(4) + 1, bits.take(4) + 1
    width, height = bits.take(across) + 1, bits.take(down) + 1
    return width * height if is_reduced else 1 << across + down  # each frame can have a size of its own


class _Bits:
    """Numbers of so many bits each, the highest first."""

    def __init__(self, data: bytes) -> None:
        self.left, self.bits = 8 * len(data), int.from_bytes(data)

    def take(self, count: int) -> int:
        if count > self.left:
            raise ValueError("a header cut short")
        self.left -= count
        return self.bits >> self.left & (1 << count) - 1
