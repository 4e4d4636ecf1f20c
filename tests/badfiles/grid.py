"""A HEIC or AVIF of any size without encoding it: a grid of tiles, as phones write them, all with the same pixels."""

import struct
from functools import cache

import numpy as np

from tests.badfiles.scene import encode

SIDE = 512
CODES = {"HEIC": (b"heic", b"hvc1", b"hvcC"), "AVIF": (b"avif", b"av01", b"av1C")}  # brand, kind of tile, its settings
GRID, FIRST_TILE = 1, 2


def box(kind: bytes, *contents: bytes) -> bytes:
    content = b"".join(contents)
    return struct.pack(">I", 8 + len(content)) + kind + content


def full(kind: bytes, *contents: bytes, version: int = 0, flags: int = 0) -> bytes:
    return box(kind, struct.pack(">I", version << 24 | flags), *contents)


@cache
def _tile(kind: str, chroma: str) -> tuple[bytes, bytes]:
    """The box of its settings, and its pixels."""
    noise = np.random.default_rng(0).integers(0, 256, (SIDE // 8, SIDE // 8, 3), np.uint8).repeat(8, 0).repeat(8, 1)
    options = {"subsampling": chroma, "quality": 50, "speed": 10} if kind == "AVIF" else {"chroma": int(chroma.replace(":", ""))}
    data = encode(noise, kind, **options)
    return _box_in(data, CODES[kind][2]), _box_in(data, b"mdat")[8:]


def _box_in(data: bytes, kind: bytes) -> bytes:
    at = data.index(kind) - 4
    return data[at : at + int.from_bytes(data[at : at + 4])]


def grid(kind: str, columns: int, rows: int, chroma: str = "4:2:0") -> bytes:
    """By ISO/IEC 23008-12, 6.6.2.3: the picture is an item that says how its tiles, items too, lie beside each other."""
    (brand, code, _), (settings, pixels) = CODES[kind], _tile(kind, chroma)
    tiles = range(FIRST_TILE, FIRST_TILE + columns * rows)
    width, height = columns * SIDE, rows * SIDE
    layout = struct.pack(">BBBBII", 0, 1, rows - 1, columns - 1, width, height)

    start = box(b"ftyp", brand, bytes(4), b"mif1", brand, b"miaf")
    items = [full(b"infe", struct.pack(">HH", GRID, 0), b"grid\0", version=2)]
    items += [full(b"infe", struct.pack(">HH", tile, 0), code, b"\0", version=2, flags=1) for tile in tiles]
    sizes = [full(b"ispe", struct.pack(">II", *size)) for size in ((SIDE, SIDE), (width, height))]
    depths = full(b"pixi", bytes([3, 8, 8, 8]))
    used = [struct.pack(">HBBB", GRID, 2, 3, 4)] + [struct.pack(">HBBBB", tile, 3, 0x81, 2, 4) for tile in tiles]

    def described(pixels_at: int) -> bytes:
        places = [(GRID, pixels_at, len(layout))] + [(tile, pixels_at + len(layout), len(pixels)) for tile in tiles]
        return full(
            b"meta",
            full(b"hdlr", bytes(4), b"pict", bytes(13)),
            full(b"pitm", struct.pack(">H", GRID)),
            full(
                b"iloc",
                struct.pack(">BBH", 0x44, 0, len(places)),
                *(struct.pack(">HHHII", item, 0, 1, at, size) for item, at, size in places),
            ),
            full(b"iinf", struct.pack(">H", len(items)), *items),
            full(b"iref", box(b"dimg", struct.pack(">HH", GRID, len(tiles)), *(struct.pack(">H", tile) for tile in tiles))),
            box(b"iprp", box(b"ipco", settings, *sizes, depths), full(b"ipma", struct.pack(">I", len(used)), *used)),
        )

    pixels_at = len(start) + len(described(0)) + 8
    return start + described(pixels_at) + box(b"mdat", layout, pixels)
