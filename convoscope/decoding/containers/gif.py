"""GIF (GIF89a): canvas, colours and first frame, without comments and further frames."""

import struct

from convoscope.decoding.containers import FIRST_FRAME, Contents

MOST_PARTS = 500_000  # extensions, or bytes that are none, before an image

_LARGEST_TABLE = 3 * 256  # bytes
_EXTENSION, _CONTROL, _IMAGE, _END = b"!\xf9,;"


def contents(data: bytes) -> Contents:
    width, height, screen_flags = struct.unpack_from("<6xHHB", data)
    head = 13 + _table(screen_flags)
    start, transparency = _next_image(data, head)
    left, top, across, down, flags = struct.unpack_from("<xHHHHB", data, start)
    if not across or not down:
        raise ValueError("a frame without pixels")
    pixels = start + 10 + _table(flags)
    is_part = (left, top) != (0, 0) or across < width or down < height
    if is_part and not transparency and _table(flags if flags & 0x80 else screen_flags) < _LARGEST_TABLE:
        transparency = _transparent(255)  # a colour that its pixels cannot have, for what they leave free
    end = _end_of_blocks(data, pixels + 1)
    return Contents(
        b"".join([data[:head], transparency, data[start:end], b";"]),
        max(width, left + across),
        max(height, top + down),
        4,
        notes=(FIRST_FRAME,) if _is_animated(data, end) else (),
    )


def _table(flags: int) -> int:
    """Bytes of the colours that the flags tell of."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _next_image(data: bytes, at: int) -> tuple[int, bytes]:
    """Where it begins, and an extension that says no more than which colour of it is transparent."""
    transparency = b""
    for _ in range(MOST_PARTS):
        part = data[at]
        if part == _IMAGE:
            return at, transparency
        if part == _END:
            break
        if part == _EXTENSION:
            if data[at + 1] == _CONTROL and data[at + 3] & 1:
                transparency = _transparent(data[at + 6])
            at = _end_of_blocks(data, at + 2)
        else:
            at += 1
    raise ValueError("no image")


def _transparent(colour: int) -> bytes:
    return bytes([_EXTENSION, _CONTROL, 4, 1, 0, 0, colour, 0])


def _end_of_blocks(data: bytes, at: int) -> int:
    """Each block begins with its size; one of no size is the last."""
    while at < len(data) and (size := data[at]):
        at += size + 1
    return at + 1


def _is_animated(data: bytes, at: int) -> bool:
    try:
        _next_image(data, at)
    except (ValueError, IndexError):
        return False
    return True
