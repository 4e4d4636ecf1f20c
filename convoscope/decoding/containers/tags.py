"""Lists of tags, as TIFF files and EXIF data have them (TIFF 6.0, section 2, and BigTIFF)."""

import struct
from dataclasses import dataclass

from convoscope.cached import cached_property

ORIENTATION = 274
MOST_TAGS = 4_096  # in one list; more is an attack
_TYPES = {1: "B", 2: "B", 3: "H", 4: "I", 6: "b", 7: "B", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}


@dataclass(frozen=True)
class Layout:
    """How numbers are written: order is '<' or '>', big is BigTIFF."""

    order: str
    big: bool

    @property
    def room(self) -> int:
        """Bytes of a place in the file, or of values in their entry."""
        return 8 if self.big else 4

    @cached_property
    def place(self) -> struct.Struct:
        return struct.Struct(self.order + ("Q" if self.big else "I"))

    @cached_property
    def long(self) -> struct.Struct:
        """A whole number among the values of an entry."""
        return struct.Struct(self.order + ("I4x" if self.big else "I"))

    @cached_property
    def count(self) -> struct.Struct:
        return struct.Struct(self.order + ("Q" if self.big else "H"))

    @cached_property
    def entry(self) -> struct.Struct:
        return struct.Struct(f"{self.order}HH{'Q' if self.big else 'I'}{self.room}s")


@dataclass(frozen=True)
class Tags:
    """One list: its entries as they stand in the file, by tag, and where the next list is (0: nowhere)."""

    data: bytes
    layout: Layout
    entries: dict[int, bytes]
    next: int

    def numbers(self, tag: int, *otherwise: int, most: int = 64) -> tuple[int, ...]:
        """Whole numbers of a tag. Raises ValueError if there are more than `most` or they are not where they should be."""
        if tag not in self.entries:
            return otherwise
        _, type, count, value = self.layout.entry.unpack(self.entries[tag])
        if count > most or type not in _TYPES:
            raise ValueError(f"tag {tag} has {count} values of type {type}")
        values = struct.Struct(f"{self.layout.order}{count}{_TYPES[type]}")
        return values.unpack_from(value if values.size <= len(value) else self._elsewhere(value, values.size))

    def number(self, tag: int, *otherwise: int) -> int:
        """The first of a tag's numbers. Raises LookupError if there is none."""
        return self.numbers(tag, *otherwise)[0]

    def content(self, tag: int, most: int) -> bytes | None:
        """The bytes of a tag; None if it is not there, too long or outside the file."""
        if tag not in self.entries:
            return None
        _, _, count, value = self.layout.entry.unpack(self.entries[tag])
        (start,) = self.layout.place.unpack(value)
        return self.data[start : start + count] if count <= min(most, len(self.data) - start) else None

    @property
    def orientation(self) -> int:
        """How the stored picture is turned upright: 1 to 8, and 1 if the tag says nothing."""
        try:
            return self.number(ORIENTATION, 1)
        except (struct.error, ValueError, LookupError):
            return 1

    def _elsewhere(self, value: bytes, size: int) -> bytes:
        (start,) = self.layout.place.unpack(value)
        if start + size > len(self.data):
            raise ValueError("values outside the file")
        return self.data[start : start + size]


def first(data: bytes) -> Tags:
    """The first list of a TIFF file."""
    layout = Layout({b"II": "<", b"MM": ">"}[data[:2]], data[2:4] in (b"+\0", b"\0+"))
    (start,) = layout.place.unpack_from(data, 8 if layout.big else 4)
    return at(data, layout, start)


def at(data: bytes, layout: Layout, start: int) -> Tags:
    (count,) = layout.count.unpack_from(data, start)
    if count > MOST_TAGS:
        raise ValueError(f"a list of {count} tags")
    start, size = start + layout.count.size, layout.entry.size
    if start + count * size > len(data):
        raise ValueError("a list of tags that ends outside the file")
    listed = [data[here : here + size] for here in range(start, start + count * size, size)]
    entries = {struct.unpack(layout.order + "H", entry[:2])[0]: entry for entry in reversed(listed)}
    behind = data[start + count * size :][: layout.room]
    return Tags(data, layout, entries, layout.place.unpack(behind)[0] if len(behind) == layout.room else 0)


def orientation(exif: bytes) -> int:
    """Of EXIF data; those that are damaged say nothing: 1."""
    try:
        return first(exif.removeprefix(b"Exif\0\0")).orientation
    except (struct.error, ValueError, LookupError):
        return 1
