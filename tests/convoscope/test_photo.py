import io
import struct
import time
import zlib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from convoscope import photo
from convoscope.network import Network, load
from convoscope.photo import LONGEST_SIDE, PhotoError, from_pixels, read
from convoscope.prepare import centre_crop, prepare
from tests.examples import examples

SHAPES = Path(__file__).parents[2] / "models" / "shapes"
DAMAGED = "This {} file is damaged or cut short, so it cannot be shown. Send it again or choose another."
UNKNOWN = "This file is not a picture that can be read here. Choose a JPEG, PNG, HEIC, WebP, AVIF, GIF, TIFF or BMP file."
NO_PICTURE = "This file is {}, not a picture. Choose a photo, such as a JPEG or PNG file."
REFUSED = "This file is {}, which cannot be read here. Save it as JPEG or PNG and try again."
ORIENTATION = 0x0112
FINE = {"quality": 95, "subsampling": 0}
CLOSE = {"quality": 95, "subsampling": "4:4:4", "speed": 10}
LOSSLESS: dict[str, dict[str, Any]] = {"PNG": {}, "GIF": {}, "TIFF": {}, "WEBP": {"lossless": True, "exact": True}}

# What EXIF means by each orientation: how the upright picture was turned before it was stored.
STORED = {
    1: lambda upright: upright,
    2: np.fliplr,
    3: lambda upright: np.rot90(upright, 2),
    4: np.flipud,
    5: lambda upright: upright.transpose(1, 0, 2),
    6: lambda upright: np.rot90(upright),  # the camera was turned right, so the picture lies turned left
    7: lambda upright: np.rot90(upright.transpose(1, 0, 2), 2),
    8: lambda upright: np.rot90(upright, -1),
}


def encode(image: Image.Image, format: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def heic(image: Image.Image, **options: Any) -> bytes:
    file = io.BytesIO()
    pillow_heif.from_pillow(image).save(file, **{"quality": 90, "chroma": 444} | options)
    return file.getvalue()


def scene(height: int = 30, width: int = 40) -> NDArray[np.uint8]:
    """Smooth colours that differ in every corner, so that a turn cannot go unnoticed and JPEG is close."""
    down, across = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    return (np.stack([down, across, 1 - down * across], 2) * 255).round().astype(np.uint8)


def gap(one: NDArray[Any], other: NDArray[Any]) -> float:
    return float(np.abs(one.astype(np.float64) - other).max())


def turned(orientation: int) -> dict[str, Image.Exif]:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return {"exif": exif}


SCENE = Image.fromarray(scene())


@pytest.mark.parametrize(
    ("data", "format", "tolerance"),
    [
        (encode(SCENE, "JPEG", **FINE), "JPEG", 6),
        (encode(SCENE, "JPEG", **FINE, progressive=True), "JPEG", 6),
        (encode(SCENE, "PNG"), "PNG", 0),
        (encode(SCENE, "WEBP", **LOSSLESS["WEBP"]), "WebP", 0),
        (encode(SCENE, "WEBP", quality=95), "WebP", 16),
        (encode(SCENE.quantize(256), "GIF"), "GIF", 24),
        (encode(SCENE, "BMP"), "BMP", 0),
        (encode(SCENE, "TIFF"), "TIFF", 0),
        (encode(SCENE, "AVIF", **CLOSE), "AVIF", 12),
        (heic(SCENE), "HEIC", 12),
    ],
    ids=["JPEG", "progressive JPEG", "PNG", "lossless WebP", "WebP", "GIF", "BMP", "TIFF", "AVIF", "HEIC"],
)
def test_formats_are_told_apart_by_content(data: bytes, format: str, tolerance: int) -> None:
    shown = read(data)
    assert (shown.format, shown.width, shown.height, shown.changes) == (format, 40, 30, ())
    assert gap(shown.pixels, scene()) <= tolerance


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP", "AVIF"])
def test_an_animation_shows_its_first_frame(format: str) -> None:
    first, second = Image.new("RGB", (8, 8), "red"), Image.new("RGB", (8, 8), "blue")
    shown = read(encode(first, format, save_all=True, append_images=[second], **LOSSLESS.get(format, CLOSE)))
    assert gap(shown.pixels, np.array([255, 0, 0])) <= (2 if format == "AVIF" else 0)
    assert shown.changes == ("first frame of an animation",)


def test_a_multi_picture_file_of_a_camera_is_a_jpeg_and_no_animation() -> None:
    shown = read(encode(SCENE, "MPO", save_all=True, append_images=[Image.new("RGB", (40, 30))], **FINE))
    assert (shown.format, shown.changes) == ("JPEG", ())
    assert gap(shown.pixels, scene()) <= 6


@pytest.fixture(scope="module")
def network() -> Network:
    return load(SHAPES)


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF"])
def test_every_orientation_gives_one_picture_and_one_prediction(network: Network, orientation: int, format: str) -> None:
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](scene())))
    shown, upright = read(encode(stored, format, **turned(orientation), **LOSSLESS[format])), from_pixels(scene(), "upright")
    assert (shown.width, shown.height) == (40, 30)
    assert shown.changes == (() if orientation == 1 else ("turned upright",))
    np.testing.assert_array_equal(shown.pixels, upright.pixels)
    one, other = (network.predict(prepare(each, centre_crop(each), network.card.preprocessing)) for each in (shown, upright))
    np.testing.assert_array_equal(one.logits, other.logits)


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("format", ["JPEG", "AVIF", "HEIC"])
def test_a_lossy_picture_is_turned_once(orientation: int, format: str) -> None:
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](scene())))
    if format == "HEIC":  # its boxes say it, and so do the EXIF data
        shown = read(heic(stored, exif=turned(orientation)["exif"].tobytes()))
    else:
        shown = read(encode(stored, format, **(FINE if format == "JPEG" else CLOSE), **turned(orientation)))
    assert (shown.width, shown.height, shown.pixels.shape) == (40, 30, (30, 40, 3))
    assert gap(shown.pixels, scene()) <= 12


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_changes_nothing(orientation: int) -> None:
    assert read(encode(SCENE, "PNG", **turned(orientation))).changes == ()


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_damaged_exif_data_do_no_harm_to_the_picture(format: str) -> None:
    shown = read(encode(SCENE, format, exif=b"Exif\0\0this was never valid"))
    assert (shown.width, shown.height, shown.changes) == (40, 30, ())


def test_exif_data_that_could_not_be_written_again_still_turn_the_picture() -> None:
    width_as_text, sideways = struct.pack("<HHI4s", 0x0100, 2, 4, b"40\0\0"), struct.pack("<HHII", ORIENTATION, 3, 1, 6)
    exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 2) + width_as_text + sideways + bytes(4)
    shown = read(encode(SCENE, "PNG", exif=exif))
    np.testing.assert_array_equal(shown.pixels, np.rot90(scene(), -1))


def test_a_large_sideways_jpeg_is_turned_and_reduced() -> None:
    stored = STORED[6](scene(2000, 3000))
    shown = read(encode(Image.fromarray(np.ascontiguousarray(stored)), "JPEG", **turned(6)))
    assert (shown.width, shown.height) == (3000, 2000)
    assert shown.pixels.shape == (533, 800, 3)
    assert shown.changes == ("turned upright", "reduced from 3,000 × 2,000 to 800 × 533 pixels")
    assert np.abs(shown.pixels.astype(int) - scene(533, 800)).mean() < 2


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
@pytest.mark.parametrize(("size", "kept"), [((2600, 20), (800, 6)), ((8, 6000), (1, 800)), ((1, 6000), (1, 800))])
def test_no_side_is_longer_than_what_is_kept(format: str, size: tuple[int, int], kept: tuple[int, int]) -> None:
    shown = read(encode(Image.new("RGB", size, "red"), format))
    assert shown.pixels.shape == (kept[1], kept[0], 3)
    assert (shown.width, shown.height) == size


def test_a_reduced_picture_is_kept_as_the_file_that_is_shown_and_what_that_holds_is_computed_with() -> None:
    shown = read(encode(Image.fromarray(scene(1200, 1600)), "PNG"))
    assert isinstance(shown.kept, bytes)
    assert len(shown.kept) < shown.pixels.nbytes / 8
    assert shown.jpeg is shown.kept
    assert shown.shape == shown.pixels.shape[:2] == (600, 800)
    np.testing.assert_array_equal(shown.pixels, np.asarray(Image.open(io.BytesIO(shown.jpeg))))
    assert np.abs(shown.pixels.astype(int) - scene(600, 800)).mean() < 2


def test_a_picture_at_the_limit_is_not_touched() -> None:
    shown = read(encode(Image.fromarray(scene(4, LONGEST_SIDE)), "PNG"))
    np.testing.assert_array_equal(shown.pixels, scene(4, LONGEST_SIDE))


# ---- kinds of pixels


def over_white(colour: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> NDArray[np.float64]:
    share = alpha[..., None] / 255
    return colour * share + 255 * (1 - share)


def ramp() -> NDArray[np.uint8]:
    return np.linspace(0, 255, 30 * 40).reshape(30, 40).round().astype(np.uint8)


@pytest.mark.parametrize("format", ["PNG", "WEBP"])
def test_rgba_is_laid_on_white(format: str) -> None:
    shown = read(encode(Image.fromarray(np.dstack([scene(), ramp()])), format, **LOSSLESS[format]))
    assert gap(shown.pixels, over_white(scene(), ramp())) <= 1
    assert shown.changes == ("transparent parts shown on white",)


def test_grey_with_alpha_is_laid_on_white() -> None:
    grey = scene()[..., 0]
    shown = read(encode(Image.fromarray(np.dstack([grey, ramp()]), "LA"), "PNG"))
    assert gap(shown.pixels, over_white(np.dstack([grey] * 3), ramp())) <= 1


@pytest.mark.parametrize("format", ["PNG", "GIF"])
def test_a_transparent_palette_entry_is_white(format: str) -> None:
    image = Image.new("P", (3, 1))
    image.putpalette([10, 20, 30, 200, 0, 0, 0, 0, 200])
    image.putdata([0, 1, 2])
    shown = read(encode(image, format, transparency=1))
    assert shown.pixels.tolist() == [[[10, 20, 30], [255, 255, 255], [0, 0, 200]]]
    assert shown.changes == ("transparent parts shown on white",)


def test_a_palette_with_half_transparent_entries_is_laid_on_white() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([0, 0, 0, 100, 100, 100])
    image.putdata([0, 1])
    shown = read(encode(image, "PNG", transparency=bytes([51, 255])))
    assert shown.pixels.tolist() == [[[204, 204, 204], [100, 100, 100]]]


@pytest.mark.parametrize(
    ("image", "key", "expected"),
    [
        (Image.fromarray(np.array([[[9, 8, 7], [1, 2, 3]]], np.uint8)), (1, 2, 3), [[9, 8, 7], [255, 255, 255]]),
        (Image.fromarray(np.array([[9, 77]], np.uint8)), 77, [[9, 9, 9], [255, 255, 255]]),
    ],
    ids=["RGB", "grey"],
)
def test_a_colour_marked_as_transparent_is_white(image: Image.Image, key: Any, expected: list[list[int]]) -> None:
    assert read(encode(image, "PNG", transparency=key)).pixels.tolist() == [expected]


def test_palette_bits_and_grey_become_rgb() -> None:
    palette = Image.new("P", (2, 1))
    palette.putpalette([1, 2, 3, 4, 5, 6])
    palette.putdata([1, 0])
    assert read(encode(palette, "PNG")).pixels.tolist() == [[[4, 5, 6], [1, 2, 3]]]
    bits = Image.fromarray(np.array([[True, False]]))
    assert read(encode(bits, "PNG")).pixels.tolist() == [[[255] * 3, [0] * 3]]
    grey = Image.fromarray(np.array([[7, 99]], np.uint8))
    assert read(encode(grey, "PNG")).pixels.tolist() == [[[7] * 3, [99] * 3]]


def test_cmyk_becomes_rgb() -> None:
    inks = np.zeros((8, 16, 4), np.uint8)
    inks[:, :8, 1:3] = 255  # magenta and yellow: red
    shown = read(encode(Image.fromarray(inks, "CMYK"), "JPEG", **FINE))
    assert gap(shown.pixels[:, :7], np.array([255, 0, 0])) <= 8
    assert gap(shown.pixels[:, 9:], np.array(255)) <= 8
    assert shown.changes == ("CMYK turned into RGB",)


def test_16_bit_grey_is_like_its_8_bit_twin() -> None:
    deep = (ramp().astype(np.uint16) * 257) ^ np.random.default_rng(0).integers(0, 100, (30, 40), dtype=np.uint16)
    shown, twin = read(encode(Image.fromarray(deep), "PNG")), read(encode(Image.fromarray(ramp()), "PNG"))
    assert gap(shown.pixels, twin.pixels) <= 1
    assert shown.changes == ("16 bit turned into 8",)
    np.testing.assert_array_equal(read(encode(Image.fromarray(ramp().astype(np.uint16) * 257), "PNG")).pixels, twin.pixels)


def test_pixels_are_rgb_bytes_and_read_only() -> None:
    shown = read(encode(SCENE, "PNG"))
    assert shown.pixels.dtype == np.uint8
    with pytest.raises(ValueError, match="read-only"):
        shown.pixels[0, 0] = 0


def test_the_fingerprint_is_of_the_bytes() -> None:
    data = encode(SCENE, "PNG")
    assert read(data).sha256 == read(bytes(bytearray(data))).sha256
    assert read(data).sha256 != read(data + b" ").sha256


def test_pixels_made_by_code_become_a_photo_of_their_own() -> None:
    pixels = scene()
    shown = from_pixels(pixels, "drawing")
    assert (shown.width, shown.height, shown.format, shown.changes) == (40, 30, "drawing", ())
    pixels[:] = 0
    np.testing.assert_array_equal(shown.pixels, scene())


# ---- refusals


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"WEBP" + b"".join(kind + struct.pack("<I", len(content)) + content for kind, content in chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def three(number: int) -> bytes:
    return struct.pack("<I", number)[:3]


HEADER = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
FRAME = bytes(12) + three(100) + b"\0" + encode(Image.new("RGB", (1, 1)), "WEBP", lossless=True)[12:]
CLAIMS = {
    "PNG": (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", HEADER) + chunk(b"IDAT", b""), "900 megapixels (30,000 × 30,000)", 50),
    "GIF": (
        b"GIF89a"
        + struct.pack("<HHBBB", 30_000, 30_000, 0x80, 0, 0)
        + bytes(6)
        + b","
        + struct.pack("<HHHHBB", 0, 0, 1, 1, 0, 2),
        "900 megapixels (30,000 × 30,000)",
        50,
    ),
    "WebP": (riff((b"VP8L", b"\x2f" + struct.pack("<I", 16_382 | 16_382 << 14) + b"\0")), "268 megapixels (16,383 × 16,383)", 15),
    "animated WebP": (
        riff(
            (b"VP8X", b"\x02\0\0\0" + three(29_999) + three(29_999)),
            (b"ANIM", bytes(6)),
            (b"ANMF", FRAME),
        ),
        "900 megapixels (30,000 × 30,000)",
        15,
    ),
    "BMP": (
        b"BM" + struct.pack("<IHHIIiiHHI", 54, 0, 0, 54, 40, 30_000, 30_000, 1, 24, 0),
        "900 megapixels (30,000 × 30,000)",
        50,
    ),
    "PNG just too large": (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 10_000, 5_001, 8, 2, 0, 0, 0)) + chunk(b"IDAT", b""),
        "50.1 megapixels (10,000 × 5,001)",
        50,
    ),
}


@pytest.mark.parametrize("kind", CLAIMS)
def test_a_size_too_large_is_refused_from_the_header(kind: str) -> None:
    data, claim, limit = CLAIMS[kind]
    started = time.process_time()
    with pytest.raises(PhotoError) as refusal:
        read(data)  # there are no pixels in the file: decoding would find it cut short
    assert time.process_time() - started < 1
    assert str(refusal.value) == (
        f"This picture has {claim}; at most {limit} can be read in this format. Make it smaller and try again."
    )


def test_a_progressive_jpeg_has_a_lower_limit_than_a_baseline_one(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = {"baseline JPEG": 0.002, "progressive JPEG": 0.001, "other": 0}
    monkeypatch.setattr(photo, "MEGAPIXELS", limits)
    assert read(encode(SCENE, "JPEG")).width == 40
    with pytest.raises(PhotoError, match=r"at most 0\.001 can be read in this format"):
        read(encode(SCENE, "JPEG", progressive=True))
    assert photo.MEGAPIXELS["progressive JPEG"] < photo.MEGAPIXELS["baseline JPEG"]


def test_a_multi_picture_file_has_the_limit_of_a_jpeg(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photo, "MEGAPIXELS", {"baseline JPEG": 1, "progressive JPEG": 0, "other": 0})
    assert read(encode(SCENE, "MPO", save_all=True, append_images=[SCENE])).width == 40


REFUSALS = {
    "nothing": (b"", "This file is empty. Choose another."),
    "text": (b"hello, this is a letter", NO_PICTURE.format("plain text")),
    "random bytes": (np.random.default_rng(0).bytes(5000), UNKNOWN),
    "PDF": (b"%PDF-1.7\n1 0 obj", REFUSED.format("a PDF document")),
    "SVG": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", REFUSED.format("an SVG drawing")),
    "SVG in XML": (b"<?xml version='1.0'?><svg/>", REFUSED.format("an SVG drawing")),
    "XML": (b"<?xml version='1.0'?><letter/>", NO_PICTURE.format("an XML document")),
    "HEIC of nothing": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", DAMAGED.format("HEIC")),
    "HEIF of nothing": (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", DAMAGED.format("HEIC")),
    "video": (b"\0\0\0\x18ftypisom\0\0\0\0isom", NO_PICTURE.format("a video")),
    "document": (b"PK\3\4 a document", REFUSED.format("a ZIP archive or office document")),
}


def assert_refused(data: bytes, sentence: str) -> None:
    with pytest.raises(PhotoError) as refusal:
        read(data)
    assert str(refusal.value) == sentence


@pytest.mark.parametrize("kind", REFUSALS)
def test_what_is_no_readable_picture_gets_its_sentence(kind: str) -> None:
    assert_refused(*REFUSALS[kind])


@pytest.mark.parametrize("share", [0.02, 0.5, 0.95])
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WebP", "GIF"])
def test_a_file_that_is_cut_short_is_called_so(format: str, share: float) -> None:
    whole = encode(Image.fromarray(np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)), format)
    assert_refused(whole[: int(len(whole) * share)], DAMAGED.format(format))


@pytest.mark.parametrize("rest", [b"!\xf9\x04", b"!\xf9\x04\0\0", b",", b"," + bytes(9)], ids=repr)
def test_an_animation_cut_short_after_its_first_frame_shows_that(rest: bytes) -> None:
    whole = encode(SCENE.quantize(256), "GIF")
    np.testing.assert_array_equal(read(whole.removesuffix(b";") + rest).pixels, read(whole).pixels)


# ---- whatever is done to a file


@cache
def files() -> tuple[bytes, ...]:
    """One small file of each kind, with something in every part that a decoder reads."""
    exif = Image.Exif()
    exif[ORIENTATION], exif[0x010E] = 6, "a description"
    more = {"save_all": True, "append_images": [SCENE.rotate(90)]}
    return (
        encode(SCENE, "JPEG", exif=exif, dpi=(72, 72), icc_profile=b"colours", comment=b"hello"),
        encode(SCENE, "JPEG", progressive=True),
        encode(SCENE.convert("CMYK"), "JPEG"),
        encode(SCENE, "MPO", exif=exif, **more),
        encode(SCENE, "PNG", exif=exif, dpi=(72, 72), icc_profile=b"colours"),
        encode(SCENE, "PNG", **more),
        encode(SCENE.quantize(16), "PNG", transparency=3),
        encode(Image.fromarray(np.arange(100, dtype=np.uint16).reshape(10, 10) * 600), "PNG"),
        encode(SCENE.convert("LA"), "PNG"),
        encode(SCENE, "WEBP", exif=exif),
        encode(SCENE, "WEBP", lossless=True, **more),
        encode(SCENE.quantize(16), "GIF", transparency=3, comment=b"hello"),
        encode(SCENE, "GIF", **more),
        encode(SCENE, "BMP"),
        encode(SCENE.copy(), "TIFF", compression="tiff_lzw", save_all=True, append_images=[Image.new("RGB", (9, 9))]),
        encode(Image.fromarray(np.arange(100, dtype=np.float32).reshape(10, 10)), "TIFF"),
        encode(SCENE, "AVIF", exif=exif, speed=10),
        heic(SCENE),
    )


Change = tuple[float, float, int, bytes]


def changed(data: bytes, changes: list[Change]) -> bytes:
    """Each change: where (most often near the start, where headers are), how many bytes go, and what comes in their place."""
    for nearness, place, gone, put in changes:
        at = int(place * min(len(data), 400 if nearness < 0.7 else len(data)))
        data = data[:at] + put + data[at + gone :]
    return data


CHANGES = st.lists(
    st.tuples(st.floats(0, 1), st.floats(0, 1), st.sampled_from([0, 1, 1, 1, 2, 4, 8, 1_000_000]), st.binary(max_size=4)),
    min_size=1,
    max_size=4,
)


@pytest.mark.filterwarnings(r"ignore::UserWarning:PIL\.\w+ImagePlugin")  # Pillow's notes about damage that it puts up with
@examples(400)
@given(number=st.integers(0, 17), changes=CHANGES)
@example(number=0, changes=[(0.0, 0.0, 1_000_000, b"")])
def test_a_changed_file_gives_a_photo_or_a_sentence(number: int, changes: list[Change]) -> None:
    try:
        shown = read(changed(files()[number], changes))
    except PhotoError as refusal:
        sentence = str(refusal)
        shown = None
    if shown is None:
        assert sentence.endswith(".")
    else:
        height, width, channels = shown.pixels.shape
        assert (channels, shown.pixels.dtype) == (3, np.uint8)
        assert 0 < min(height, width) <= max(height, width) <= LONGEST_SIDE
