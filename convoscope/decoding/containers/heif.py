"""HEIC and AVIF (ISO/IEC 23008-12): how much there is to decode. The decoders take the file as it is, but for an AVIF's film.

A picture is an item. It can be put together from other items (the tiles of a grid), and an item that says how transparent it
is can belong to it. What counts is the work for the main picture, with everything that has to be decoded for it.
"""

import struct
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from functools import cache

from convoscope.decoding.containers import FIRST_FRAME, Contents, av1
from convoscope.decoding.refusal import rare, too_heavy

MOST_PACKED = {"HEIC": 8_000_000, "AVIF": 20_000_000}  # bytes of packed pixels; HEIC takes about 0.15 s for a megabyte
MOST_CLAIMED = 64_000_000  # bytes of all items, previews and metadata too; several can claim the same ones
MOST_WORK = 3  # times the pixels of the picture: itself, its tiles, their transparency
MOST_BOXES = 10_000  # beside each other
MOST_ITEMS = 4_096
MOST_EXTENTS = 64  # pieces of an item
MOST_LEVELS = 4  # of items put together from items
MOST_FRAME = 4  # times the pixels of an item: what its coding may allow
MEGAPIXEL = 1_000_000

_HEADER = struct.Struct(">I4s")
_ALPHA = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1")

Place = tuple[int, int]  # where the contents of a box begin and end


@dataclass(frozen=True)
class _Items:
    """By the number of an item: its width and height, where its packed bytes are, and what else is decoded for it.

    depth: bytes of a decoded pixel, its transparency included, as the format has them. av1: which items are coded in AV1.
    """

    main: int
    depth: float
    sizes: Mapping[int, tuple[int, int]]
    places: Mapping[int, list[Place]]
    needed: Mapping[int, Counter[int]]
    av1: Set[int]

    def work(self) -> tuple[int, int]:
        """Pixels and packed bytes to decode for the main picture."""

        @cache
        def work_for(item: int, level: int) -> tuple[int, int]:
            if level > MOST_LEVELS:
                raise ValueError("items put together from each other")
            width, height = self.sizes.get(item, (0, 0))
            pixels, packed = width * height, sum(end - start for start, end in self.places.get(item, ()))
            for part, times in self.needed.get(item, Counter()).items():
                more_pixels, more_packed = work_for(part, level + 1)
                pixels, packed = pixels + times * more_pixels, packed + times * more_packed
            return pixels, packed

        return work_for(self.main, 0)


def heic(data: bytes) -> Contents:
    """libheif itself refuses pixels that are more than their box says."""
    items = _items(data, *_boxes(data, 0, len(data))[b"meta"])
    width, height = _checked_size(items, "HEIC")
    return Contents(data, width, height, 2.4 * items.depth + 2)


def avif(data: bytes) -> Contents:
    """Without the film, if there is one: its pixels would be taken in place of the picture's."""
    boxes = _boxes(data, 0, len(data))
    items = _items(data, *boxes[b"meta"])
    width, height = _checked_size(items, "AVIF")
    for item in items.av1:
        packed = b"".join(data[start:end] for start, end in items.places.get(item, ()))
        across, down = items.sizes[item]
        if av1.most_pixels(packed) > MOST_FRAME * max(across * down, MEGAPIXEL):
            raise ValueError("pixels that are more than their box says")
    start, end = boxes[b"ftyp"]
    still = b"".join([data[:start], data[start:end].replace(b"avis", b"avif"), data[end:]])  # in its brands
    return Contents(still, width, height, items.depth + 9, notes=(FIRST_FRAME,) if b"moov" in boxes else ())


def _checked_size(items: _Items, format: str) -> tuple[int, int]:
    width, height = items.sizes[items.main]
    if not width or not height:
        raise ValueError("a picture without pixels")
    pixels, packed = items.work()
    if pixels > MOST_WORK * max(width * height, MEGAPIXEL):
        raise rare(format)
    if packed > MOST_PACKED[format]:
        raise too_heavy(format, packed, MOST_PACKED[format])
    return width, height


def _boxes(data: bytes, at: int, end: int) -> dict[bytes, Place]:
    """The first box of each kind."""
    boxes: dict[bytes, Place] = {}
    for kind, place in _all_boxes(data, at, end):
        boxes.setdefault(kind, place)
    return boxes


def _all_boxes(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, Place]]:
    for _ in range(MOST_BOXES):
        if at + _HEADER.size > end:
            return
        size, kind = _HEADER.unpack_from(data, at)
        start = at + _HEADER.size
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, start)
            start += 8
        after = at + size if size else end
        if not start <= after <= end:
            raise ValueError("a box that ends outside of what it is in")
        yield kind, (start, after)
        at = after
    raise ValueError("too many boxes")


def _items(data: bytes, start: int, end: int) -> _Items:
    boxes = _boxes(data, start + 4, end)
    at, _ = boxes[b"pitm"]
    (main,) = struct.unpack_from(">I" if data[at] else ">H", data, at + 4)
    lists = _boxes(data, *boxes[b"iprp"])
    properties = list(_all_boxes(data, *lists[b"ipco"]))
    sizes, alphas, av1_items = _described(data, properties, lists[b"ipma"])
    places = _places(data, *boxes[b"iloc"], boxes.get(b"idat", (0, 0))[0])
    needed = _needed(data, *boxes[b"iref"], alphas) if b"iref" in boxes else {}
    return _Items(main, _depth(data, properties, bool(alphas)), sizes, places, needed, av1_items)


def _depth(data: bytes, properties: list[tuple[bytes, Place]], has_alpha: bool) -> float:
    """By the settings of the codecs (ISO/IEC 14496-15, 8.3.2.1; AV1-ISOBMFF, 2.3)."""
    depths = [1.0]
    for kind, (start, _) in properties:
        if kind == b"hvcC":
            samples, is_deep = (1, 1.5, 2, 3)[data[start + 16] & 3], data[start + 17] & 7
        elif kind == b"av1C":
            flags = data[start + 2]
            samples, is_deep = 1 if flags & 0x10 else (3, 2, 2, 1.5)[flags >> 2 & 3], flags & 0x40
        else:
            continue
        depths.append((samples + has_alpha) * (2 if is_deep else 1))
    return max(depths)


def _described(
    data: bytes, properties: list[tuple[bytes, Place]], used: Place
) -> tuple[dict[int, tuple[int, int]], set[int], set[int]]:
    """The size of each item, which items say how transparent another one is, and which are coded in AV1."""
    sizes, alphas, av1_items = {}, set(), set()
    for item, indices in _uses(data, *used):
        for index in indices:
            kind, (start, end) = properties[index - 1]
            if kind == b"ispe":
                sizes[item] = struct.unpack_from(">II", data, start + 4)
            elif kind == b"auxC" and data[start + 4 : end].startswith(_ALPHA):
                alphas.add(item)
            elif kind == b"av1C":
                av1_items.add(item)
    return sizes, alphas, av1_items


def _uses(data: bytes, at: int, end: int) -> Iterator[tuple[int, list[int]]]:
    """Which properties an item has, by their number from 1."""
    wide_items, wide_indices = data[at] > 0, data[at + 3] & 1
    (count,) = struct.unpack_from(">I", data, at + 4)
    at += 8
    for _ in range(_checked(count, MOST_ITEMS)):
        item, number = struct.unpack_from(">IB" if wide_items else ">HB", data, at)
        at += 5 if wide_items else 3
        indices = struct.unpack_from(f">{number}{'H' if wide_indices else 'B'}", data, at)
        at += number * (2 if wide_indices else 1)
        if at > end:
            raise ValueError("properties of items outside their box")
        yield item, [index & (0x7FFF if wide_indices else 0x7F) for index in indices if index]


def _places(data: bytes, at: int, end: int, box: int) -> dict[int, list[Place]]:
    """Where each item is, in pieces: in the file, or from `box` on."""
    version, offset_size, base_size = data[at], data[at + 4] >> 4, data[at + 5] >> 4
    length_size, index_size = data[at + 4] & 15, data[at + 5] & 15 if version else 0
    wide = version == 2
    (count,) = struct.unpack_from(">I" if wide else ">H", data, at + 6)
    at += 10 if wide else 8
    places: dict[int, list[Place]] = {}
    for _ in range(_checked(count, MOST_ITEMS)):
        (item,) = struct.unpack_from(">I" if wide else ">H", data, at)
        at += 4 if wide else 2
        is_in_box = version > 0 and data[at + 1] & 15 == 1
        at += (2 if version else 0) + 2
        base = int.from_bytes(data[at : at + base_size]) + (box if is_in_box else 0)
        at += base_size
        (extents,) = struct.unpack_from(">H", data, at)
        at += 2
        places[item] = []
        for _ in range(_checked(extents, MOST_EXTENTS)):
            at += index_size
            start = base + int.from_bytes(data[at : at + offset_size])
            at += offset_size
            length = int.from_bytes(data[at : at + length_size]) or len(data)  # 0 stands for all of it
            at += length_size
            places[item].append((start, start + length))
            if at > end:
                raise ValueError("places of items outside their box")
    if sum(after - start for pieces in places.values() for start, after in pieces) > MOST_CLAIMED:
        raise ValueError("items larger than any file")
    return places


def _checked(number: int, most: int) -> int:
    if number > most:
        raise ValueError("more items than there can be")
    return number


def _needed(data: bytes, at: int, end: int, alphas: set[int]) -> dict[int, Counter[int]]:
    """What is decoded for an item: its parts, and what says how transparent it is."""
    needed: dict[int, Counter[int]] = defaultdict(Counter)
    letter, size = ("I", 4) if data[at] else ("H", 2)
    for kind, (start, after) in _all_boxes(data, at + 4, end):
        item, count = struct.unpack_from(f">{letter}H", data, start)
        if start + size + 2 + count * size > after:
            raise ValueError("references outside their box")
        others = struct.unpack_from(f">{count}{letter}", data, start + size + 2)
        if kind == b"dimg":
            needed[item].update(others)
        elif kind == b"auxl" and item in alphas:
            for other in others:
                needed[other][item] += 1
    return needed
