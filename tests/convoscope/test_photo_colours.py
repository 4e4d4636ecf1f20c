"""Colours are shown as a file means them: against formulas, tables made by hand, and Pillow's own colour management."""

import io
import struct
from typing import Any

import numpy as np
import pillow_heif
import pytest
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageCms

from convoscope.photo import read

D50 = (0.9642, 1.0, 0.8249)
SRGB = ((0.4360, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141))  # XYZ of red, green, blue under D50
DISPLAY_P3 = ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841))
SRGB_CURVE = (
    2.4,
    1 / 1.055,
    0.055 / 1.055,
    1 / 12.92,
    0.04045,
)  # IEC 61966-2-1: exponent, factor, offset; slope, and up to where
NOTE = "colours turned from {} into sRGB"


def fixed(*numbers: float) -> bytes:
    return b"".join(struct.pack(">i", round(number * 65_536)) for number in numbers)


def curve(*parameters: float) -> bytes:
    """One parameter: an exponent. Five: those of sRGB's kind."""
    return b"para\0\0\0\0" + struct.pack(">Hxx", {1: 0, 5: 3}[len(parameters)]) + fixed(*parameters)


def text(words: str) -> bytes:
    return b"desc\0\0\0\0" + struct.pack(">I", len(words) + 1) + words.encode() + bytes(1 + 4 + 4 + 2 + 1 + 67)


def profile(
    space: bytes, tags: dict[bytes, bytes], *, name: str = "a test", kind: bytes = b"mntr", link: bytes = b"XYZ "
) -> bytes:
    """ICC.1:2001-04: a header of 128 bytes, a list of tags, their contents."""
    tags = {b"desc": text(name), b"wtpt": b"XYZ \0\0\0\0" + fixed(*D50)} | tags
    listed, contents = struct.pack(">I", len(tags)), b""
    for tag, content in tags.items():
        listed += struct.pack(">4sII", tag, 132 + 12 * len(tags) + len(contents), len(content))
        contents += content + bytes(-len(content) % 4)
    header = struct.pack(">I4xI4s4s4s12x4s28x", 132 + len(listed) - 4 + len(contents), 0x02400000, kind, space, link, b"acsp")
    return (header + fixed(*D50)).ljust(128, b"\0") + listed + contents


def display(primaries: tuple[tuple[float, ...], ...], name: str, *gamma: float) -> bytes:
    colours = {letter + b"XYZ": b"XYZ \0\0\0\0" + fixed(*xyz) for letter, xyz in zip((b"r", b"g", b"b"), primaries, strict=True)}
    return profile(b"RGB ", colours | {letter + b"TRC": curve(*gamma or SRGB_CURVE) for letter in (b"r", b"g", b"b")}, name=name)


def grey(gamma: float, name: str = "dark grey") -> bytes:
    return profile(b"GRAY", {b"kTRC": curve(gamma)}, name=name)


def inks(kind: bytes = b"A2B0") -> bytes:
    """A press that prints yellow as blue: a table of 2 × 2 × 2 × 2 colours in L*a*b*, for each ink none or all of it."""
    table = np.zeros((2, 2, 2, 2, 3), np.uint8) + np.array([0, 128, 128], np.uint8)  # black
    table[0, 0, 0, 0] = 255, 128, 128  # paper
    table[0, 0, 1, 0] = 75, 196, 16  # L* 29.4, a* 68, b* -112
    straight = bytes(range(256))
    packed = (
        b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + fixed(1, 0, 0, 0, 1, 0, 0, 0, 1) + straight * 4 + table.tobytes() + straight * 3
    )
    return profile(b"CMYK", {kind: packed}, name="an odd press", kind=b"prtr", link=b"Lab ")


def linear(levels: NDArray[Any]) -> NDArray[np.float64]:
    share = levels / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def encoded(light: NDArray[np.float64]) -> NDArray[np.float64]:
    light = light.clip(0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055) * 255


def in_srgb(levels: NDArray[Any], primaries: ArrayLike, light: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    return encoded((linear(levels) if light is None else light) @ np.asarray(primaries) @ np.linalg.inv(SRGB))


def encode(image: Image.Image, format: str, **options: Any) -> bytes:
    file = io.BytesIO()
    if format == "HEIC":
        image.info["icc_profile"] = options.pop("icc_profile")
        pillow_heif.from_pillow(image).save(file, **{"quality": 95, "chroma": 444} | options)
    else:
        image.save(file, format, **options)
    return file.getvalue()


def gap(one: NDArray[Any], other: ArrayLike) -> float:
    return float(np.abs(one - np.asarray(other, np.float64)).max())


MUTED = np.stack(np.meshgrid(*[np.linspace(70, 190, 6).round()] * 3), -1).reshape(12, 18, 3).astype(np.uint8)
LOSSLESS: dict[str, dict[str, Any]] = {
    "PNG": {},
    "TIFF": {},
    "WEBP": {"lossless": True},
    "JPEG": {"quality": 100, "subsampling": 0},
    "AVIF": {"quality": 100, "subsampling": "4:4:4", "speed": 10},
    "HEIC": {"quality": -1},
}


@pytest.mark.parametrize("format", LOSSLESS)
def test_display_p3_becomes_srgb(format: str) -> None:
    data = encode(Image.fromarray(MUTED), format, icc_profile=display(DISPLAY_P3, "Display P3"), **LOSSLESS[format])
    shown = read(data)
    assert gap(shown.pixels, in_srgb(MUTED, DISPLAY_P3)) <= (2 if format in ("PNG", "TIFF", "WEBP") else 8)
    assert gap(MUTED, in_srgb(MUTED, DISPLAY_P3)) > 20  # so that it matters
    assert shown.changes == (NOTE.format("Display P3"),)


def test_a_profile_is_applied_as_pillow_does() -> None:
    content = display(DISPLAY_P3, "Display P3")
    expected = ImageCms.profileToProfile(
        Image.fromarray(MUTED), ImageCms.ImageCmsProfile(io.BytesIO(content)), ImageCms.createProfile("sRGB"), outputMode="RGB"
    )
    assert expected
    np.testing.assert_array_equal(read(encode(Image.fromarray(MUTED), "PNG", icc_profile=content)).pixels, np.asarray(expected))


@pytest.mark.parametrize(
    "content",
    [display(SRGB, "my sRGB"), ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()],
    ids=["by hand", "Little CMS"],
)
def test_the_profile_of_srgb_changes_nothing(content: bytes) -> None:
    shown = read(encode(Image.fromarray(MUTED), "PNG", icc_profile=content))
    np.testing.assert_array_equal(shown.pixels, MUTED)
    assert shown.changes == ()


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_grey_has_profiles_of_its_own(mode: str) -> None:
    levels = np.arange(64, 256, 4, dtype=np.uint8).reshape(6, 8)
    shown = read(encode(Image.fromarray(levels).convert(mode), "PNG", icc_profile=grey(1.5)))
    assert gap(shown.pixels, encoded((levels / 255) ** 1.5)[..., None]) <= 2
    assert shown.changes == (NOTE.format("dark grey"),)


def test_the_colours_of_a_palette_have_a_profile() -> None:
    image = Image.fromarray(np.arange(4, dtype=np.uint8)[None], "P")
    image.putpalette(MUTED[0, :4].tobytes())
    shown = read(encode(image, "PNG", icc_profile=display(DISPLAY_P3, "Display P3")))
    assert gap(shown.pixels, in_srgb(MUTED[:1, :4], DISPLAY_P3)) <= 2


def test_transparent_colours_are_turned_before_they_are_laid_on_white() -> None:
    half = np.dstack([MUTED, np.full(MUTED.shape[:2], 102, np.uint8)])
    shown = read(encode(Image.fromarray(half), "PNG", icc_profile=display(DISPLAY_P3, "Display P3")))
    assert gap(shown.pixels, in_srgb(MUTED, DISPLAY_P3) * 0.4 + 255 * 0.6) <= 2
    assert shown.changes == (NOTE.format("Display P3"), "transparent parts shown on white")


def test_inks_are_shown_as_their_profile_says() -> None:
    """Blue for yellow; without the profile it is yellow."""
    yellow = np.zeros((16, 32, 4), np.uint8)
    yellow[:, :16, 2] = 255
    for format, options in (("JPEG", {"quality": 95}), ("TIFF", {})):
        image = Image.fromarray(yellow, "CMYK")
        shown = read(encode(image, format, icc_profile=inks(), **options))
        assert gap(shown.pixels[:, :14], [0, 0, 255]) <= 12
        assert gap(shown.pixels[:, 18:], 255) <= 4
        assert shown.changes == (NOTE.format("an odd press"),)
        plain = read(encode(image, format, **options))
        assert gap(plain.pixels[:, :14], [255, 255, 0]) <= 8
        assert plain.changes == ("CMYK turned into RGB",)


def test_lab_is_turned_into_srgb() -> None:
    """Greys have known places: L* 50 is 18.4 % of the light."""
    lab = np.zeros((4, 4, 3), np.uint8)
    lab[..., 0] = np.array([0, 128, 255, 64])[:, None]
    shown = read(encode(Image.frombytes("LAB", (4, 4), lab.tobytes()), "TIFF"))
    lightness = lab[..., :1] / 2.55
    light = np.where(lightness > 8, ((lightness + 16) / 116) ** 3, lightness / 903.3)
    assert gap(shown.pixels, encoded(light)) <= 2
    assert shown.changes == ("L*a*b* turned into sRGB",)


IGNORED = {
    "of nothing": b"colours",
    "cut in its header": display(DISPLAY_P3, "x")[:100],
    "cut in its tags": display(DISPLAY_P3, "x")[:300],
    "without colours": profile(b"RGB ", {}),
    "for grey": grey(3),
    "for inks": inks(),
    "that calculates": display(DISPLAY_P3, "x mpet"),
    "that is a link": profile(b"RGB ", {}, kind=b"link"),
}


@pytest.mark.parametrize("what", IGNORED)
def test_a_profile_that_does_not_fit_is_ignored(what: str) -> None:
    shown = read(encode(Image.fromarray(MUTED), "PNG", icc_profile=IGNORED[what]))
    np.testing.assert_array_equal(shown.pixels, MUTED)
    assert shown.changes == ()


@pytest.mark.parametrize("name", ["", "x" * 41, "bell \7"])
def test_a_name_that_cannot_be_shown_is_not(name: str) -> None:
    shown = read(encode(Image.fromarray(MUTED), "PNG", icc_profile=display(DISPLAY_P3, name)))
    assert shown.changes == (NOTE.format("its own profile"),)


def test_a_jpegs_profile_comes_in_pieces_in_any_order() -> None:
    content = display(DISPLAY_P3, "Display P3").ljust(70_000, b"\0")
    data = encode(Image.fromarray(MUTED), "JPEG", quality=100, subsampling=0)
    pieces = [content[:60_000], content[60_000:]]
    segments = [
        struct.pack(">BBH", 0xFF, 0xE2, 16 + len(piece)) + b"ICC_PROFILE\0" + bytes([number, 2]) + piece
        for number, piece in enumerate(pieces, 1)
    ]
    for ordered in (segments, segments[::-1]):
        shown = read(data[:2] + b"".join(ordered) + data[2:])
        assert shown.changes == (NOTE.format("Display P3"),)
        assert gap(shown.pixels, in_srgb(MUTED, DISPLAY_P3)) <= 8


def test_colours_are_turned_after_a_large_picture_is_reduced() -> None:
    large = np.full((3000, 3000, 3), MUTED[3, 3], np.uint8)
    shown = read(encode(Image.fromarray(large), "PNG", icc_profile=display(DISPLAY_P3, "Display P3")))
    assert gap(shown.pixels, in_srgb(MUTED[3, 3], DISPLAY_P3)) <= 2
    assert shown.changes[0] == NOTE.format("Display P3")
