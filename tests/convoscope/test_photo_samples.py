"""Numbers of 16 and 32 bits, and TIFF's other kinds: against an 8-bit twin, numbers worked out by hand, and libtiff's encoder."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from convoscope.network import Network, load
from convoscope.photo import Photo, PhotoError, from_pixels, read
from convoscope.prepare import centre_crop, prepare

SHAPES = Path(__file__).parents[2] / "models" / "shapes"
REFUSED = "This file is {}, which cannot be read here. Save it as JPEG or PNG and try again."
RARE = REFUSED.format("a TIFF picture of a rare kind")
DAMAGED = "This TIFF file is damaged or cut short, so it cannot be shown. Send it again or choose another."
LETTERS = {"H": 3, "I": 4}
RGB, CMYK, LAB = 2, 5, 8
LZW, DEFLATE = "tiff_lzw", "tiff_adobe_deflate"


def encode(image: Image.Image, format: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def scene(height: int = 30, width: int = 40) -> NDArray[np.uint8]:
    down, across = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    return (np.stack([down, across, 1 - down * across], 2) * 255).round().astype(np.uint8)


def tiff(samples: NDArray[Any], order: str = "<", **tags: Any) -> bytes:
    """One strip, not packed. samples: (H, W) or (H, W, C). tags: t262=("H", 0) is tag 262; None leaves a tag out."""
    samples = samples.reshape(*samples.shape[:2], -1)
    height, width, channels = samples.shape
    body = samples.astype(samples.dtype.newbyteorder(order)).tobytes()
    kind = {"u": 1, "i": 2, "f": 3}[samples.dtype.kind]
    entries: dict[int, Any] = {
        256: ("I", width),
        257: ("I", height),
        258: ("H", *[samples.dtype.itemsize * 8] * channels),
        262: ("H", RGB if channels >= 3 else 1),
        273: ("I", 8),
        277: ("H", channels),
        279: ("I", len(body)),
        339: ("H", *[kind] * channels),
    }
    entries |= {int(name[1:]): value for name, value in tags.items()}
    listed, more = b"", b""
    present = {tag: value for tag, value in sorted(entries.items()) if value}
    behind = 8 + len(body) + 2 + 12 * len(present) + 4
    for tag, (letter, *values) in present.items():
        content = struct.pack(f"{order}{len(values)}{letter}", *values)
        if len(content) > 4:
            content, more = struct.pack(order + "I", behind + len(more)), more + content
        listed += struct.pack(order + "HHI", tag, LETTERS[letter], len(values)) + content.ljust(4, b"\0")
    head = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "I", 8 + len(body))
    return head + body + struct.pack(order + "H", len(present)) + listed + bytes(4) + more


def gap(shown: Photo, expected: ArrayLike) -> float:
    expected = np.asarray(expected, np.float64)
    return float(np.abs(shown.pixels - (expected[..., None] if expected.ndim == 2 else expected)).max())


@pytest.fixture(scope="module")
def network() -> Network:
    return load(SHAPES)


def deep_png(levels: NDArray[np.uint16]) -> bytes:
    """Colours of 16 bits; Pillow writes none, so: rows without filter, deflated."""
    height, width, channels = levels.shape
    rows = np.hstack([np.zeros((height, 1), np.uint8), levels.astype(">u2").reshape(height, -1).view(np.uint8)]).tobytes()

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 16, {3: 2, 4: 6}[channels], 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


DEEP = scene().astype(np.uint16) * 257
SOLID = np.dstack([DEEP, np.full((30, 40), 65_535, np.uint16)])
TWINS = {
    "grey PNG": (encode(Image.fromarray(DEEP[..., 0]), "PNG"), scene()[..., :1].repeat(3, 2)),
    "RGB PNG": (deep_png(DEEP), scene()),
    "RGBA PNG": (deep_png(SOLID), scene()),
    "grey TIFF": (tiff(DEEP[..., 0]), scene()[..., :1].repeat(3, 2)),
    "RGB TIFF": (tiff(DEEP), scene()),
    "RGBA TIFF": (tiff(SOLID, t338=("H", 2)), scene()),
    "big-endian RGB TIFF": (tiff(DEEP, ">"), scene()),
}


@pytest.mark.parametrize("kind", TWINS)
def test_16_bit_are_like_8_bit_for_the_network_too(network: Network, kind: str) -> None:
    data, levels = TWINS[kind]
    shown, twin = read(data), from_pixels(levels, "twin")
    np.testing.assert_array_equal(shown.pixels, twin.pixels)
    assert shown.changes == ("16 bit turned into 8",)
    one, other = (network.predict(prepare(each, centre_crop(each), network.card.preprocessing)) for each in (shown, twin))
    np.testing.assert_array_equal(one.logits, other.logits)


RAMP = np.linspace(0, 1, 30 * 40).reshape(30, 40)
NUMBERS = {
    "floats from 0 to 1": (RAMP.astype(np.float32), RAMP * 255),
    "floats from 0 to 0.5 as they are": (RAMP.astype(np.float32) / 2, RAMP * 127.5),
    "floats from -3 to 5": ((RAMP * 8 - 3).astype(np.float32), RAMP * 255),
    "halves": (RAMP.astype(np.float16), RAMP * 255),
    "doubles up to the largest": ((RAMP * 2 - 1) * 1.7e308, RAMP * 255),
    "signed bytes": ((RAMP * 100).round().astype(np.int8), RAMP * 255),
    "signed 16 bit": ((RAMP * 60_000 - 30_000).astype(np.int16), RAMP * 255),
    "32 bit beyond the signed": ((RAMP * 4e9).astype(np.uint32), RAMP * 255),
    "64 bit": ((RAMP * 1e18).astype(np.int64), RAMP * 255),
    "one number everywhere": (np.full((30, 40), 7, np.int32), np.zeros((30, 40))),
    "colours in floats": ((scene() / 255).astype(np.float32), scene()),
    "inks of 16 bits": (
        np.full((2, 3, 4), 65_535, np.uint16) * np.array([0, 0, 1, 0], np.uint16),
        np.full((2, 3, 3), [255, 255, 0]),
    ),
}


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", NUMBERS)
def test_numbers_become_levels(kind: str, order: str) -> None:
    numbers, expected = NUMBERS[kind]
    shown = read(tiff(numbers, order, **({"t262": ("H", CMYK)} if numbers.shape[-1] == 4 else {})))
    assert gap(shown, expected) <= (2 if kind == "signed bytes" else 1)
    bits = 8 * numbers.dtype.itemsize
    assert shown.changes[0] in (f"{bits}-bit numbers scaled to levels from 0 to 255", f"{bits} bit turned into 8")


def test_what_is_no_number_is_white_and_counts_for_nothing() -> None:
    numbers = np.array([[np.nan, np.inf, -np.inf, 0, 50, 100]], np.float32)
    assert read(tiff(numbers)).pixels[0, :, 0].tolist() == [255, 255, 0, 0, 128, 255]
    assert read(tiff(np.full((2, 2), np.nan, np.float32))).pixels.tolist() == [[[255] * 3] * 2] * 2
    assert read(tiff(numbers, t262=("H", 0))).pixels[0, :, 0].tolist() == [255, 0, 255, 255, 127, 0]


def test_zero_can_be_white() -> None:
    assert gap(read(tiff((RAMP * 65_535).astype(np.uint16), t262=("H", 0))), 255 - RAMP * 255) <= 1
    assert gap(read(tiff((RAMP * 255).astype(np.uint8), t262=("H", 0))), 255 - RAMP * 255) <= 1


@pytest.mark.parametrize("type", [np.uint16, np.float32, np.int32])
def test_transparent_numbers_lie_on_white(type: Any) -> None:
    most = 1 if type is np.float32 else np.iinfo(type).max
    numbers = (np.array([[[0, 0, 0, 0.2], [1, 0, 0, 1]]]) * most).astype(type)
    assert gap(read(tiff(numbers, t338=("H", 2))), [[[204] * 3, [255, 0, 0]]]) <= 1
    assert gap(read(tiff(numbers, t338=("H", 0))), [[[0] * 3, [255, 0, 0]]]) == 0  # not transparent, but something else


def test_lab_of_16_bits() -> None:
    lab = np.array([[[0, 0, 0], [65_535, 0, 0]]], np.uint16)
    shown = read(tiff(lab, t262=("H", LAB)))
    assert gap(shown, [[[0] * 3, [255] * 3]]) <= 1


@pytest.mark.parametrize(
    ("numbers", "predictor", "packing"),
    [
        ((RAMP * 65_535).astype(np.uint16), 1, LZW),
        ((RAMP * 65_535).astype(np.uint16), 2, LZW),
        ((RAMP * 65_535).astype(np.uint16), 2, DEFLATE),
        ((RAMP * 2e9).astype(np.int32), 2, DEFLATE),
        (RAMP.astype(np.float32), 2, LZW),
        (RAMP.astype(np.float32), 3, LZW),
        (RAMP.astype(np.float32), 3, DEFLATE),
    ],
    ids=str,
)
def test_differences_are_summed_up_as_libtiff_makes_them(numbers: NDArray[Any], predictor: int, packing: str) -> None:
    data = encode(Image.fromarray(numbers), "TIFF", compression=packing, tiffinfo={317: predictor})
    assert gap(read(data), RAMP * 255) <= 1


@pytest.mark.parametrize("predictor", [1, 2, 3])
def test_tiles_are_units_of_their_own(predictor: int) -> None:
    """40 × 30 pixels in six tiles of 16 × 16; differences and byte planes begin anew in each row of a tile."""
    numbers = RAMP.astype("<f4") if predictor == 3 else (RAMP * 4e9).astype("<u4")
    padded = np.pad(numbers, ((0, 2), (0, 8)))
    tiles = padded.reshape(2, 16, 3, 16).swapaxes(1, 2).reshape(6, 16, 16)
    if predictor == 2:
        tiles = np.diff(tiles, axis=2, prepend=np.uint32(0)).astype("<u4")
    packed = []
    for tile in tiles:
        content = tile.tobytes()
        if predictor == 3:
            planes = tile.astype(">f4").view(np.uint8).reshape(16, 16, 4).swapaxes(1, 2).reshape(16, 64)
            content = np.diff(planes, axis=1, prepend=np.uint8(0)).astype(np.uint8).tobytes()
        packed.append(zlib.compress(content))
    starts = [100_000 + sum(map(len, packed[:number])) for number in range(6)]
    tags = {"t273": None, "t279": None, "t322": ("H", 16), "t323": ("H", 16), "t259": ("H", 8), "t317": ("H", predictor)}
    places = {"t324": ("I", *starts), "t325": ("I", *map(len, packed))}
    data = tiff(numbers, **tags, **places).ljust(100_000, b"\0") + b"".join(packed)
    assert gap(read(data), RAMP * 255) <= 1


UNREAD = {
    "12 bits": (tiff(DEEP[..., 0], t258=("H", 12)), RARE),
    "24 bits": (tiff(DEEP[..., 0], t258=("H", 24)), RARE),
    "depths that differ": (tiff(DEEP, t258=("H", 16, 8, 16)), RARE),
    "planes of 16 bits": (tiff(DEEP, t284=("H", 2)), RARE),
    "bits the other way round": (tiff(DEEP, t266=("H", 2)), RARE),
    "a kind of number that does not exist": (tiff(DEEP, t339=("H", 2, 3, 2)), RARE),
    "a packing that does not exist": (tiff(DEEP, t259=("H", 99)), RARE),
    "the packing of faxes": (tiff(DEEP, t259=("H", 4)), RARE),
    "fewer channels than colours": (tiff(DEEP[..., 0], t262=("H", RGB)), RARE),
    "no meaning": (tiff(DEEP, t262=("H", 77)), RARE),
    "a tile larger than its picture": (tiff(DEEP, t273=None, t322=("I", 5_000), t323=("I", 5_000), t324=("I", 8)), DAMAGED),
    "a camera's sensor": (
        tiff(DEEP[..., 0], t262=("H", 32_803)),
        REFUSED.format("a raw camera picture"),
    ),
}


@pytest.mark.parametrize("what", UNREAD)
def test_what_hardly_anybody_writes_is_refused_by_name(what: str) -> None:
    data, sentence = UNREAD[what]
    with pytest.raises(PhotoError) as refusal:
        read(data)
    assert str(refusal.value) == sentence


@pytest.mark.parametrize(("pages", "note"), [(1, ()), (3, ("first page of 3",)), (12, ("first page of 12",))])
def test_of_many_pages_the_first_is_shown(pages: int, note: tuple[str, ...]) -> None:
    more = [Image.new("L", (9, 9))] * (pages - 1)
    shown = read(encode(Image.fromarray(scene()), "TIFF", save_all=True, append_images=more))
    np.testing.assert_array_equal(shown.pixels, scene())
    assert shown.changes == note


def test_a_large_picture_of_numbers_is_scaled_by_all_of_it() -> None:
    """Black and white lie in bands of rows that are far from each other."""
    numbers = np.full((4000, 3000), 100, np.int32)
    numbers[:1000], numbers[3000:] = -900, 1100
    shown = read(encode(Image.fromarray(numbers), "TIFF", compression=DEFLATE))
    assert shown.pixels.shape == (800, 600, 3)
    assert [shown.pixels[row, 300, 0] for row in (62, 400, 750)] == [0, 128, 255]
