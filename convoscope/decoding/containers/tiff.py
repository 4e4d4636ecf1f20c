"""TIFF (TIFF 6.0, BigTIFF): the tags of the first page that its pixels need, without the other pages and lists.

Pillow reads whole numbers of up to 8 bits. Those of every other kind are handed to it as if they were bytes, so that it only
unpacks them; `Samples` knows what they are.
"""

import numpy as np

from convoscope.decoding.containers import MOST_PROFILE, Contents, tags
from convoscope.decoding.containers.tags import Tags
from convoscope.decoding.refusal import rare, refused, too_long
from convoscope.decoding.samples import Samples

MOST_PIECES = 60_000  # strips or tiles
MOST_PACKED = 64_000_000  # bytes of all pieces together; several can be in the same place
MOST_TILE = 4_000_000  # pixels
MOST_PASSES = 800  # JPEG's scans × megapixels
MOST_PAGES = 1_000  # that are counted
MOST_FAX_ROWS = 20_000  # for each damaged one libtiff writes a line to the server's log

WIDTH, HEIGHT, BITS, PACKING, MEANING, OFFSETS, CHANNELS, ROWS, SIZES = 256, 257, 258, 259, 262, 273, 277, 278, 279
PLANES, PREDICTOR, TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_SIZES, EXTRA, KIND = 284, 317, 322, 323, 324, 325, 338, 339
SUBFILE, SUBLISTS, PROFILE, RAW_VERSION = 254, 330, 34675, 50706
_NEEDED = (
    *(WIDTH, HEIGHT, BITS, PACKING, MEANING, 266, OFFSETS, CHANNELS, ROWS, SIZES, PLANES, 292, 293, PREDICTOR, 320),
    *(TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_SIZES, EXTRA, KIND, 347, 529, 530, 531, 532),
)
_PLAIN, _JPEG = 1, 7
_PACKINGS_OF_NUMBERS = (_PLAIN, 5, 8, 32773, 32946, 34925, 50000)  # LZW, deflate, PackBits, deflate, LZMA, Zstandard
_FAX = (2, 3, 4)
_PACKINGS = (*_PACKINGS_OF_NUMBERS, *_FAX, _JPEG)
_SENSOR = 32803  # numbers as they come from a camera's sensor
_MODES = {0: "L", 1: "L", 2: "RGB", 5: "CMYK", 8: "LAB"}  # by the meaning of the numbers
_KINDS = {1: "u", 2: "i", 3: "f"}
_LONG = 4  # the type of a whole number in a tag


def contents(data: bytes) -> Contents:
    page = tags.first(data)
    if _is_raw(page):
        raise refused("a raw camera picture")
    if page.number(PACKING, _PLAIN) not in _PACKINGS:
        raise rare("TIFF")
    width, height = page.number(WIDTH), page.number(HEIGHT)
    if not width or not height:
        raise ValueError("a page without pixels")
    if page.number(PACKING, _PLAIN) in _FAX and height > MOST_FAX_ROWS:
        raise too_long(width, height, MOST_FAX_ROWS)
    _check_pieces(page, width * height)
    bits, kind = max(page.numbers(BITS, 1)), page.number(KIND, 1)
    samples = _samples(page, width) if bits > 8 or kind in (2, 3) else None
    return Contents(
        _trimmed(page, _as_bytes(page, samples) if samples else {}),
        width,
        height,
        _memory(page, height, samples),
        orientation=page.orientation,
        profile=page.content(PROFILE, MOST_PROFILE),
        notes=(*_first_of(_pages(page)), *_scaled(samples)),
        samples=samples,
    )


def _is_raw(page: Tags) -> bool:
    """Cameras' raw files are TIFF files; some have a preview as their first page."""
    has_preview = page.number(SUBFILE, 0) & 1 == 1 and SUBLISTS in page.entries
    return RAW_VERSION in page.entries or page.number(MEANING, 0) == _SENSOR or has_preview


def _check_pieces(page: Tags, pixels: int) -> None:
    """Strips or tiles, which can be many, large, all in the same place, and each a JPEG with many scans."""
    packing, in_tiles = page.number(PACKING, _PLAIN), TILE_OFFSETS in page.entries
    if in_tiles and page.number(TILE_WIDTH) * page.number(TILE_HEIGHT) > max(MOST_TILE, 2 * pixels):
        raise ValueError("a tile larger than its picture")
    offsets = page.numbers(TILE_OFFSETS if in_tiles else OFFSETS, most=MOST_PIECES)
    if not offsets:
        raise ValueError("no pixels")
    if packing == _PLAIN:
        return
    sizes = page.numbers(TILE_SIZES if in_tiles else SIZES, most=MOST_PIECES)
    if len(offsets) != len(sizes) or sum(min(size, len(page.data)) for size in sizes) > MOST_PACKED:
        raise ValueError("pieces larger than any file")
    if packing == _JPEG:
        scans = sum(page.data.count(b"\xff\xda", start, start + size) for start, size in zip(offsets, sizes, strict=True))
        if scans / len(offsets) * pixels > MOST_PASSES * 1e6:
            raise refused(f"a TIFF picture in {scans:,} passes")


def _samples(page: Tags, width: int) -> Samples:
    """Raises PhotoError for what hardly anybody writes."""
    channels, meaning, order = page.number(CHANNELS, 1), page.number(MEANING, 0), page.layout.order
    bits, kinds, extra = set(page.numbers(BITS)), set(page.numbers(KIND, 1)), page.numbers(EXTRA)
    colours = {"L": 1, "RGB": 3, "LAB": 3, "CMYK": 4}.get(_MODES.get(meaning, ""), 99)
    is_known = len(bits) == len(kinds) == 1 and kinds <= set(_KINDS) and colours <= channels <= 8 and 266 not in page.entries
    if not is_known or page.number(PACKING, _PLAIN) not in _PACKINGS_OF_NUMBERS or (page.number(PLANES, 1) != 1 and channels > 1):
        raise rare("TIFF")
    try:
        type = np.dtype(f"{order}{_KINDS[kinds.pop()]}{bits.pop() / 8:g}")
    except TypeError as unknown:  # of 12 bits, say
        raise rare("TIFF") from unknown
    return Samples(
        type,
        width,
        channels,
        _MODES[meaning],
        alpha=channels > colours and extra[:1] in ((1,), (2,)) and colours in (1, 3) and meaning != 8,
        unit=page.number(TILE_WIDTH) if TILE_OFFSETS in page.entries else width,
        predictor=page.number(PREDICTOR, 1) if page.number(PACKING, _PLAIN) != _PLAIN else 1,
        inverted=meaning == 0,
    )


def _as_bytes(page: Tags, samples: Samples) -> dict[int, int]:
    """Tags that say of numbers that they are bytes of grey, side by side."""
    unit = {TILE_WIDTH: samples.unit_bytes} if TILE_OFFSETS in page.entries else {}
    grey = {BITS: 8, MEANING: 1, CHANNELS: 1, PREDICTOR: 1, PLANES: 1, KIND: 1}
    return {WIDTH: min(samples.row_bytes, 2**32 - 1)} | grey | unit


def _trimmed(page: Tags, instead: dict[int, int]) -> bytes:
    """The file with a list at its end that has no more than is needed, and nothing behind it."""
    layout, data = page.layout, page.data
    listed = {tag: entry for tag, entry in page.entries.items() if tag in _NEEDED}
    if instead:
        listed.pop(EXTRA, None)
        listed |= {tag: layout.entry.pack(tag, _LONG, 1, layout.long.pack(value)) for tag, value in instead.items()}
    padding = bytes(len(data) % 2)
    first = layout.place.pack(len(data) + len(padding))
    start = data[:8] + first if layout.big else data[:4] + first
    parts = [start, data[len(start) :], padding, layout.count.pack(len(listed))]
    return b"".join([*parts, *(listed[tag] for tag in sorted(listed)), bytes(layout.room)])


def _memory(page: Tags, height: int, samples: Samples | None) -> float:
    """Bytes for each pixel: the picture, and the largest piece unpacked."""
    channels = page.number(CHANNELS, 1)
    rows = page.number(TILE_HEIGHT) if TILE_OFFSETS in page.entries else min(page.number(ROWS, height), height)
    share = 0.0 if page.number(PACKING, _PLAIN) == _PLAIN else min(1.0, rows / height)
    if samples:
        return channels * samples.type.itemsize * (1 + share)
    return (1 if channels == 1 else 4) + share * (channels + 4 * (page.number(PACKING, _PLAIN) == _JPEG))


def _pages(page: Tags) -> int:
    """How many there are, as far as the lists lead from one to the next."""
    layout, data, seen, start = page.layout, page.data, 1, page.next
    places = {0}
    while start not in places and start + layout.count.size <= len(data) and seen < MOST_PAGES:
        places.add(start)
        (count,) = layout.count.unpack_from(data, start)
        behind = start + layout.count.size + count * layout.entry.size
        if behind + layout.room > len(data):
            break
        seen += 1
        (start,) = layout.place.unpack_from(data, behind)
    return seen


def _first_of(pages: int) -> list[str]:
    if pages == 1:
        return []
    return [f"first page of {pages:,}" if pages < MOST_PAGES else f"first page of {MOST_PAGES:,} or more"]


def _scaled(samples: Samples | None) -> list[str]:
    if samples is None:
        return []
    bits = 8 * samples.type.itemsize
    return [f"{bits} bit turned into 8" if samples.is_fixed else f"{bits}-bit numbers scaled to levels from 0 to 255"]
