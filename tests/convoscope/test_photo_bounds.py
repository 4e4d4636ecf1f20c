"""What may not cost anything: files built to be expensive, and many visitors at once."""

import io
import struct
import threading
import time
import zlib
from typing import Any

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from convoscope import photo
from convoscope.decoding.containers import av1
from convoscope.photo import DECODERS, Photo, PhotoError, read

DAMAGED = "This {} file is damaged or cut short, so it cannot be shown. Send it again or choose another."
REFUSED = "This file is {}, which cannot be read here. Save it as JPEG or PNG and try again."
SCENE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8))


def encode(format: str, image: Image.Image = SCENE, **options: Any) -> bytes:
    file = io.BytesIO()
    if format == "HEIC":
        pillow_heif.from_pillow(image).save(file, quality=50, **options)
    else:
        image.save(file, format, **options)
    return file.getvalue()


def sentence(data: bytes) -> str:
    with pytest.raises(PhotoError) as refusal:
        read(data)
    return str(refusal.value)


def assert_same(data: bytes, as_in: bytes) -> None:
    np.testing.assert_array_equal(read(data).pixels, read(as_in).pixels)


# ---- JPEG


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, 2 + len(content)) + content


def passes(times: int) -> bytes:
    """A progressive picture whose last scan comes so many times more."""
    data = encode("JPEG", SCENE.resize((1600, 1000)), progressive=True, quality=5)
    last = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + last * times + b"\xff\xd9"


def test_each_pass_over_a_progressive_jpeg_counts() -> None:
    ordinary = 10  # scans of a progressive file by libjpeg
    assert read(passes(500 - ordinary)).width == 1600
    assert sentence(passes(510 - ordinary)) == REFUSED.format("a JPEG picture in 510 passes")


def test_passes_of_a_picture_behind_the_first_do_not_count() -> None:
    data = encode("JPEG", SCENE.resize((1600, 1000)), progressive=True)
    assert_same(data + passes(700), data)


def test_a_baseline_jpeg_with_a_scan_for_each_colour_keeps_everything_like_a_progressive_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    grey = encode("JPEG", SCENE.convert("L"))
    header, scan = grey.index(b"\xff\xc0"), grey.index(b"\xff\xda")
    frame = grey[header + 4 : header + 9] + b"\3" + b"\1\x11\0" + b"\2\x11\0" + b"\3\x11\0"
    scans = [segment(0xDA, bytes([1, number, 0, 0, 63, 0])) + grey[scan + 10 : -2] for number in (1, 2, 3)]
    tables = grey[2:header] + segment(0xC0, frame) + grey[header + 13 : scan]
    apart = b"\xff\xd8" + tables + b"".join(scans) + b"\xff\xd9"
    assert (read(apart).width, read(apart).height) == (40, 30)
    monkeypatch.setattr(photo, "MEGAPIXELS", {"baseline JPEG": 1, "progressive JPEG": 0, "other": 0})
    assert "at most 0 can be read" in sentence(apart)
    assert read(encode("JPEG")).width == 40


HUGE = {
    "comments before the pixels": segment(0xFE, b"") * 2_500,
    "tables": segment(0xDB, b"\0" + bytes(range(1, 65))) * 1_900 + segment(0xC4, bytes(65_000)) * 4,
}


@pytest.mark.parametrize("what", HUGE)
def test_there_are_only_so_many_parts_of_a_jpeg(what: str) -> None:
    data = encode("JPEG")
    assert sentence(data[:2] + HUGE[what] + data[2:]) == DAMAGED.format("JPEG")


def test_markers_among_the_pixels_come_to_an_end() -> None:
    data = encode("JPEG", progressive=True)
    assert sentence(data[:-2] + segment(0xFE, b"") * 60_000 + data[-2:]) == DAMAGED.format("JPEG")


def test_a_marker_without_a_length_does_no_harm() -> None:
    data = encode("JPEG", progressive=True)
    assert_same(data[:-2] + b"\xff\x01" + data[-2:], data)


def test_of_two_frame_headers_the_first_is_believed() -> None:
    data = encode("JPEG")
    at = data.index(b"\xff\xc0")
    header = data[at : at + 19]
    larger = header[:5] + struct.pack(">HH", 65_000, 65_000) + header[9:]
    assert_same(data[:at] + header + larger + data[at + 19 :], data)


def test_megabytes_of_notes_in_a_jpeg_are_left_out() -> None:
    data = encode("JPEG")
    notes = segment(0xE1, b"Exif\0\0" + bytes(65_000)) + segment(0xED, bytes(65_000)) * 100 + segment(0xFE, bytes(65_000)) * 100
    assert_same(data[:2] + notes + data[2:], data)


# ---- PNG


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def behind_header(*more: bytes) -> bytes:
    data = encode("PNG")
    return data[:33] + b"".join(more) + data[33:]


BOMB = zlib.compress(bytes(300_000_000), 1)
LEFT_OUT = {
    "text": chunk(b"zTXt", b"a\0\0" + BOMB),
    "text in any language": chunk(b"iTXt", b"a\0\1\0\0\0" + BOMB),
    "a profile": chunk(b"iCCP", b"a\0\0" + BOMB),
    "a profile cut short": chunk(b"iCCP", b"a\0\0" + BOMB[:50]),
    "a profile without a name": chunk(b"iCCP", b"nameless"),
    "a comment with a false sum": chunk(b"tEXt", b"a\0b")[:-1] + b"?",
    "a hundred thousand comments": chunk(b"tEXt", b"a\0b") * 100_000,
}


@pytest.mark.parametrize("what", LEFT_OUT)
def test_what_is_not_the_picture_of_a_png_is_left_out(what: str) -> None:
    shown = read(behind_header(LEFT_OUT[what]))
    np.testing.assert_array_equal(shown.pixels, np.asarray(SCENE))
    assert shown.changes == ()


def test_chunks_come_to_an_end() -> None:
    assert sentence(behind_header(chunk(b"abCd", b"") * 600_000)) == DAMAGED.format("PNG")


def test_pixels_in_many_pieces_are_one_picture() -> None:
    data = encode("PNG")
    start = data.index(b"IDAT") - 4
    size = int.from_bytes(data[start : start + 4])
    pixels = data[start + 8 : start + 8 + size]
    pieces = b"".join(chunk(b"IDAT", bytes([byte])) for byte in pixels)
    assert_same(data[:start] + pieces + chunk(b"IEND", b""), data)


def test_rows_without_end_are_refused() -> None:
    header = struct.pack(">IIBBBBB", 1, 300_000, 8, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"")
    assert sentence(data) == "This picture is 1 × 300,000 pixels; no side may be longer than 200,000. Cut it and try again."


# ---- animations and pages


def test_a_thousand_frames_cost_as_much_as_one() -> None:
    frames = [Image.new("L", (20, 10), number % 250) for number in range(1_000)]
    for format in ("GIF", "WEBP"):
        shown = read(encode(format, frames[0], save_all=True, append_images=frames[1:], duration=10))
        assert (shown.width, shown.height, shown.changes) == (20, 10, ("first frame of an animation",))


def test_junk_before_the_first_frame_comes_to_an_end() -> None:
    data = encode("GIF", Image.new("L", (40, 30)))
    start = data.rindex(b",")
    assert_same(data[:start] + bytes(100_000) + data[start:], data)
    assert sentence(data[:start] + bytes(600_000) + data[start:]) == DAMAGED.format("GIF")


def test_what_a_first_frame_leaves_free_is_white() -> None:
    image = Image.new("P", (2, 1), 1)
    image.putpalette([0, 0, 0, 200, 0, 0])
    frame = encode("GIF", image)
    start = frame.index(b",")
    larger = frame[:6] + struct.pack("<HH", 4, 3) + frame[10 : start + 1] + struct.pack("<HH", 1, 1) + frame[start + 5 :]
    shown = read(larger)
    assert shown.pixels[1].tolist() == [[255] * 3, [200, 0, 0], [200, 0, 0], [255] * 3]
    assert shown.pixels[0].tolist() == [[255] * 3] * 4


def test_a_list_of_pages_that_goes_round_or_on_and_on_is_not_followed() -> None:
    data = encode("TIFF")
    at = int.from_bytes(data[4:8], "little")
    end = at + 2 + 12 * int.from_bytes(data[at : at + 2], "little")
    for behind, note in ((at, "first page of 2"), (2**31, ""), (0, "")):
        shown = read(data[:end] + struct.pack("<I", behind) + data[end + 4 :])
        assert shown.changes == ((note,) if note else ())
    shown = read(data[:end] + struct.pack("<I", len(data)) + data[end + 4 :] + struct.pack("<HI", 1, 0))
    assert shown.changes == ()  # a list that ends outside the file is none
    pages = b"".join(struct.pack("<HI", 0, len(data) + 6 * number) for number in range(1, 5_000))
    shown = read(data[:end] + struct.pack("<I", len(data)) + data[end + 4 :] + pages)
    assert shown.changes == ("first page of 1,000 or more",)


def test_strips_that_are_all_in_the_same_place_are_counted_each() -> None:
    image = Image.new("L", (8, 4_000))
    data = encode("TIFF", image, compression="tiff_lzw", strip_size=8)
    at = int.from_bytes(data[4:8], "little")
    entries = {int.from_bytes(data[here : here + 2], "little"): here for here in range(at + 2, at + 2 + 12 * data[at], 12)}
    assert read(data).height == 4_000
    sizes = struct.unpack_from("<4xII", data, entries[279])
    claim = struct.pack("<4000I", *[500_000] * 4_000)
    larger = data[: entries[279] + 2] + struct.pack("<HII", 4, sizes[0], len(data)) + data[entries[279] + 12 :] + claim
    assert sizes[0] == 4_000
    assert sentence(larger.ljust(600_000, b"\0")) == DAMAGED.format("TIFF")


def test_a_fax_is_not_endless() -> None:
    image = Image.new("1", (8, 20_001), 1)
    assert sentence(encode("TIFF", image, compression="group4")) == (
        "This picture is 8 × 20,001 pixels; no side may be longer than 20,000. Cut it and try again."
    )
    assert read(encode("TIFF", image.crop((0, 0, 8, 20_000)), compression="group4")).height == 20_000


def test_an_orientation_that_is_none_leaves_a_tiff_as_it_is() -> None:
    data = encode("TIFF", tiffinfo={274: 6})
    at = data.index(struct.pack("<HHI", 274, 3, 1))
    assert (read(data).width, read(data).height) == (30, 40)
    assert read(data[: at + 4] + struct.pack("<I", 0) + data[at + 8 :]).width == 40


def test_run_lengths_of_a_bmp_are_few() -> None:
    head = struct.pack("<2sIHHIIiiHHIIiiII", b"BM", 0, 0, 0, 54 + 8, 40, 1_000, 1_000, 1, 8, 1, 0, 0, 0, 2, 0)
    assert sentence(head + bytes(8) + b"\1\7" * 1_100_000) == REFUSED.format("a BMP picture in very many run lengths")


def test_a_tiff_of_jpegs_in_many_passes_is_refused() -> None:
    data = encode("TIFF", SCENE.resize((1600, 1280)), compression="jpeg")
    assert read(data).width == 1600
    at = int.from_bytes(data[4:8], "little")
    bomb = bytes([0xFF, 0xDA]) * 20_000
    entries = [bytearray(data[here : here + 12]) for here in range(at + 2, at + 2 + 12 * data[at], 12)]
    for entry in entries:
        tag = int.from_bytes(entry[:2], "little")
        if tag in (273, 278, 279):  # one strip of all rows, far behind
            value = {273: len(data), 278: 1280, 279: len(bomb)}[tag]
            entry[2:] = struct.pack("<HII", 4, 1, value)
    changed = data[: at + 2] + b"".join(entries) + data[at + 2 + 12 * len(entries) :] + bomb
    assert sentence(changed) == REFUSED.format("a TIFF picture in 20,000 passes")


# ---- HEIC and AVIF


def box(kind: bytes, *contents: bytes) -> bytes:
    return struct.pack(">I", 8 + sum(map(len, contents))) + kind + b"".join(contents)


def items(sizes: dict[int, tuple[int, int]], parts: dict[int, list[int]], packed: int = 9) -> bytes:
    """A HEIC file of nothing but its description: item 1 is the picture."""
    properties = [box(b"ispe", bytes(4), struct.pack(">II", *size)) for size in sizes.values()]
    uses = [struct.pack(">HBB", item, 1, min(number, 127)) for number, item in enumerate(sizes, 1)]
    places = [struct.pack(">HHHII", item, 0, 1, 0, packed) for item in sizes]
    references = [box(b"dimg", struct.pack(f">HH{len(others)}H", item, len(others), *others)) for item, others in parts.items()]
    meta = box(
        b"meta",
        bytes(4),
        box(b"pitm", bytes(4), struct.pack(">H", 1)),
        box(b"iloc", bytes(4), b"\x44\0", struct.pack(">H", len(places)), *places),
        box(b"iprp", box(b"ipco", *properties), box(b"ipma", bytes(4), struct.pack(">I", len(uses)), *uses)),
        box(b"iref", bytes(4), *references),
    )
    return box(b"ftyp", b"heic", bytes(4), b"mif1heic") + meta


RARE = REFUSED.format("a HEIC picture of a rare kind")
HEIC_BOMBS = {
    "tiles made of tiles": (
        items(
            dict.fromkeys(range(1, 120), (900, 900)), {1: [*range(2, 60)], **{tile: [*range(60, 120)] for tile in range(2, 60)}}
        ),
        RARE,
    ),
    "a reference that is cut": (
        items({1: (400, 300)}, {1: [2]}).replace(struct.pack(">HHH", 1, 1, 2), struct.pack(">HHH", 1, 9, 2)),
        DAMAGED.format("HEIC"),
    ),
    "tiles that are far larger than the picture": (items({1: (4_000, 3_000), 2: (4_000, 4_000)}, {1: [2] * 9}), RARE),
    "a tile that is used ten thousand times": (items({1: (4_000, 3_000), 2: (64, 64)}, {1: [2] * 10_000}), RARE),
    "a picture made of itself": (items({1: (4_000, 3_000)}, {1: [1]}), DAMAGED.format("HEIC")),
    "pictures made of each other": (items({1: (400, 300), 2: (400, 300)}, {1: [2], 2: [1]}), DAMAGED.format("HEIC")),
    "items that claim gigabytes": (items({1: (400, 300)}, {}, packed=2**31), DAMAGED.format("HEIC")),
    "more items than there can be": (items(dict.fromkeys(range(1, 4_100), (64, 64)), {}), DAMAGED.format("HEIC")),
    "fewer properties than it says": (
        items({1: (400, 300)}, {}).replace(b"ipma\0\0\0\0\0\0\0\1", b"ipma\0\0\0\0\0\0\0\x09"),
        DAMAGED.format("HEIC"),
    ),
    "fewer places than it says": (
        items({1: (400, 300)}, {}).replace(b"iloc\0\0\0\0\x44\0\0\1", b"iloc\0\0\0\0\x44\0\0\x09"),
        DAMAGED.format("HEIC"),
    ),
    "a picture without pixels": (items({1: (0, 300)}, {}), DAMAGED.format("HEIC")),
    "too many megabytes": (
        items({1: (4_000, 3_000)}, {}, packed=8_050_000),
        "This HEIC picture takes 8.1 MB; at most 8 MB can be read in this format. Make it smaller and try again.",
    ),
    "too many megapixels": (
        items({1: (10_000, 8_000)}, {}),
        "This picture has 80 megapixels (10,000 × 8,000); at most 50 can be read in this format. Make it smaller and try again.",
    ),
}


@pytest.mark.parametrize("what", HEIC_BOMBS)
def test_a_heic_file_is_refused_by_what_it_would_take(what: str) -> None:
    data, expected = HEIC_BOMBS[what]
    started = time.process_time()
    assert sentence(data) == expected
    assert time.process_time() - started < 1


@pytest.mark.parametrize("format", ["HEIC", "AVIF"])
def test_pixels_are_no_more_than_their_box_says(format: str) -> None:
    data = encode(format, Image.new("RGB", (2_600, 2_000)), **({"speed": 10} if format == "AVIF" else {}))
    at = data.index(b"ispe") + 8
    assert (read(data).width, read(data).height) == (2_600, 2_000)
    assert sentence(data[:at] + struct.pack(">II", 100, 100) + data[at + 8 :]) == DAMAGED.format(format)


def numbers(*fields: tuple[int, int]) -> bytes:
    """(value, bits) each, the highest bit first."""
    bits = "".join(f"{value:0{size}b}" for value, size in fields)
    return int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8))


def unit(kind: int, content: bytes, flags: int = 2) -> bytes:
    """flags: 4 is a byte more, 2 is with its size (below 128)."""
    return bytes([kind << 3 | flags]) + b"\0" * (flags >> 2 & 1) + bytes([len(content)] if flags & 2 else []) + content


SIZE = ((11, 4), (10, 4), (3_999, 12), (1_999, 11))  # 4,000 × 2,000 in as few bits as it takes
STILL = numbers((0, 3), (1, 1), (1, 1), (0, 5), *SIZE)
FILM = numbers(
    *((0, 3), (0, 1), (0, 1), (0, 1), (1, 1), (1, 5)),  # two ways of showing it, with delays
    *((0, 12), (9, 5), (0, 1), (1, 1), (3, 4)),
    *((0, 12), (5, 5), (0, 1)),
    *SIZE,
)


def test_the_coding_of_an_avif_tells_how_large_its_frames_may_be() -> None:
    """By the syntax of a sequence header (AV1 Bitstream Specification, 5.5.1)."""
    assert av1.most_pixels(b"") == 0
    assert av1.most_pixels(unit(2, b"") + unit(1, STILL) + unit(6, b"pixels")) == 4_000 * 2_000
    assert av1.most_pixels(unit(1, STILL, flags=6) + unit(1, FILM, flags=0)) == 2**12 * 2**11
    timed = numbers((0, 3), (0, 1), (0, 1), (1, 1), (0, 64))
    for damaged in (unit(1, STILL[:3]), unit(1, timed), bytes([0x0A]) + b"\xff" * 9, unit(2, b"") * 2_000):
        with pytest.raises(ValueError, match=r"header|timing|size|units"):
            av1.most_pixels(damaged)


def test_the_film_of_an_avif_is_left_out() -> None:
    first, second = Image.new("RGB", (32, 32), "red"), Image.new("RGB", (32, 32), "blue")
    data = encode("AVIF", first, save_all=True, append_images=[second] * 30, speed=10)
    assert data[8:12] == b"avis"
    shown = read(data)
    assert np.abs(shown.pixels - np.array([255.0, 0, 0])).max() <= 3
    assert shown.changes == ("first frame of an animation",)
    assert read(encode("AVIF")).changes == ()


@pytest.mark.parametrize("format", ["HEIC", "AVIF"])
def test_boxes_come_to_an_end(format: str) -> None:
    data = encode(format)
    first = int.from_bytes(data[:4])
    assert sentence(data[:first] + box(b"free") * 20_000 + data[first:]) == DAMAGED.format(format)
    assert sentence(data[: first + 10]) == DAMAGED.format(format)


@pytest.mark.parametrize("format", ["HEIC", "AVIF"])
def test_metadata_do_not_count_as_pixels(format: str) -> None:
    note = b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0" + bytes(9_000_000)
    assert (read(encode(format, exif=note)).width, read(encode(format)).width) == (40, 40)


# ---- many at once


def test_two_decoders_work_at_the_same_time_and_the_others_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    working, most = [0], [0]
    lock, both = threading.Lock(), threading.Barrier(DECODERS)
    decode = photo.decode

    def slowly(*args: Any) -> Any:
        with lock:
            working[0] += 1
            most[0] = max(most[0], working[0])
        both.wait(timeout=60)  # only passed if as many as may are here together
        decoded = decode(*args)
        with lock:
            working[0] -= 1
        return decoded

    monkeypatch.setattr(photo, "decode", slowly)
    shown: list[Photo] = []
    threads = [threading.Thread(target=lambda: shown.append(read(encode("PNG")))) for _ in range(3 * DECODERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert (len(shown), most[0]) == (3 * DECODERS, DECODERS)


def test_a_refusal_lets_the_next_one_in() -> None:
    for _ in range(2 * DECODERS):
        assert sentence(b"GIF89a") == DAMAGED.format("GIF")
    assert read(encode("PNG")).width == 40
