from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convoscope.render import (
    GAP_GREY,
    OVERLAY_OPACITY,
    OVERLAY_POWER,
    Palette,
    Scale,
    colour,
    colour_table,
    greyed,
    legend,
    overlay,
    scale_of,
    sprite,
)

PALETTES = get_args(Palette)
TWO_SIDED = [palette for palette in PALETTES if palette != "positive"]
WHITE = [255, 255, 255]


def lightness(table: np.ndarray) -> np.ndarray:
    """Relative luminance (WCAG 2) of colours (N, 3)."""
    share = table / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


@pytest.mark.parametrize("palette", TWO_SIDED)
def test_zero_is_white_where_values_have_two_signs(palette: Palette) -> None:
    assert np.abs(colour(np.zeros(1), Scale(palette, -3, 3)).astype(int) - 255).max() <= 2


def test_zero_is_white_after_relu() -> None:
    assert colour(np.zeros(1), Scale("positive", 0, 3)).tolist() == [WHITE]


@pytest.mark.parametrize(
    ("palette", "low", "high"),
    [
        ("signed", [0x8C, 0x0D, 0x25], [0x06, 0x38, 0x6B]),
        ("positive", WHITE, [0x06, 0x38, 0x6B]),
        ("weights", [0x5E, 0x3A, 0x0A], [0x08, 0x44, 0x3E]),
        ("evidence", [0x43, 0x15, 0x65], [0x0B, 0x4A, 0x22]),
    ],
)
def test_the_ends_of_a_scale_have_the_ends_of_its_palette(palette: Palette, low: list[int], high: list[int]) -> None:
    table = colour_table(palette)
    assert table.shape == (256, 3)
    assert (table[0].tolist(), table[-1].tolist()) == (low, high)
    scale = Scale(palette, 0 if palette == "positive" else -2, 2)
    assert colour(np.array([scale.low, scale.high]), scale).tolist() == [low, high]


@pytest.mark.parametrize("palette", TWO_SIDED)
def test_lightness_rises_to_zero_and_falls_after_it(palette: Palette) -> None:
    light = lightness(colour_table(palette))
    assert (np.diff(light[:128]) > 0).all()
    assert (np.diff(light[128:]) < 0).all()


def test_after_relu_more_is_darker() -> None:
    assert (np.diff(lightness(colour_table("positive"))) <= 0).all()


def test_after_relu_positive_values_look_as_before() -> None:
    """So that "red disappears" is all that ReLU does to the picture, up to a step of the table."""
    values = np.linspace(0, 2, 50)
    before, after = colour(values, Scale("signed", -2, 2)), colour(values, Scale("positive", 0, 2))
    assert np.abs(lightness(before) - lightness(after)).max() < 0.12


@pytest.mark.parametrize("palette", PALETTES)
@given(value=st.floats(1, 1e30))
def test_values_beyond_the_scale_have_the_colour_of_its_end(palette: Palette, value: float) -> None:
    scale = scale_of(np.array([1.0]), palette)
    inside, beyond = np.array([scale.low, scale.high]), np.array([scale.low - value, scale.high + value])
    np.testing.assert_array_equal(colour(beyond, scale), colour(inside, scale))


@pytest.mark.parametrize(
    ("values", "palette", "scale"),
    [
        ([-4.0, 2.0], "signed", Scale("signed", -4, 4)),
        ([0.0, 2.0], "positive", Scale("positive", 0, 2)),
        ([0.0, 0.0], "positive", Scale("positive", 0, 1)),
        ([0.0, 0.0], "weights", Scale("weights", -1, 1)),
        ([], "evidence", Scale("evidence", -1, 1)),
    ],
)
def test_a_scale_just_holds_the_values(values: list[float], palette: Palette, scale: Scale) -> None:
    assert scale_of(np.array(values), palette) == scale


def test_a_legend_carries_its_ends_and_zero() -> None:
    assert Scale("signed", -2, 2).ticks == (-2, 0, 2)
    assert Scale("positive", 0, 5).ticks == (0, 5)
    strip = legend(Scale("signed", -2, 2), 101)
    assert strip.shape == (1, 101, 3)
    np.testing.assert_array_equal(strip[0, [0, -1]], colour_table("signed")[[0, -1]])
    assert np.abs(strip[0, 50].astype(int) - 255).max() <= 2


def test_a_sprite_has_whole_tiles_row_by_row_with_gaps_between() -> None:
    maps = np.arange(5 * 2 * 3, dtype=np.float32).reshape(5, 2, 3)
    scales = tuple(scale_of(each, "positive") for each in maps)
    picture = sprite(maps, scales, columns=2, tile=10)  # 3 wide, enlarged 3 times: tiles of 9 × 6
    assert picture.shape == (3 * 6 + 2 * 2, 2 * 9 + 2, 3)
    for number in range(5):
        top, left = number // 2 * 8, number % 2 * 11
        expected = colour(maps[number], scales[number]).repeat(3, 0).repeat(3, 1)
        np.testing.assert_array_equal(picture[top : top + 6, left : left + 9], expected)
    assert (picture[6:8] == GAP_GREY).all()
    assert (picture[:, 9:11] == GAP_GREY).all()
    assert (picture[16:, 11:] == GAP_GREY).all()


def test_maps_larger_than_a_tile_are_drawn_once() -> None:
    maps = np.ones((1, 50, 50), np.float32)
    assert sprite(maps, (Scale("positive", 0, 1),), columns=4, tile=20).shape == (50, 4 * 52 - 2, 3)


def test_every_map_needs_its_scale() -> None:
    with pytest.raises(ValueError, match="zip"):
        sprite(np.ones((2, 2, 2)), (Scale("positive", 0, 1),), columns=2, tile=2)


def test_an_overlay_is_as_opaque_as_the_evidence_is_strong() -> None:
    picture = overlay(np.array([[-2.0, -1.0, 0.0, 1.0, 2.0, 9.0]]), Scale("evidence", -2, 2))
    full, half = round(OVERLAY_OPACITY * 255), round(OVERLAY_OPACITY * 255 * 0.5**OVERLAY_POWER)
    assert picture[0, :, 3].tolist() == [full, half, 0, half, full, full]
    against, spoke = picture[0, 0, :3], picture[0, 4, :3]
    assert against[2] > against[1]  # purple
    assert spoke[1] > max(spoke[0], spoke[2])  # green
    np.testing.assert_array_equal(picture[0, 1, :3], against)


def test_an_overlay_becomes_the_map_alone() -> None:
    values, scale = np.array([[-2.0, -0.5, 0.0, 1.0]]), Scale("evidence", -2, 2)
    alone = overlay(values, scale, 1)
    np.testing.assert_array_equal(alone[..., :3], colour(values, scale))
    assert (alone[..., 3] == 255).all()
    half, marks = overlay(values, scale, 0.5).astype(float), overlay(values, scale).astype(float)
    on_grey, marked = (each[..., :3] * each[..., 3:] / 255 + 128 * (1 - each[..., 3:] / 255) for each in (half, marks))
    np.testing.assert_allclose(on_grey, (marked + colour(values, scale)) / 2, atol=2)  # over a photo: the one over the other


def test_a_greyed_photo_loses_its_colours_and_keeps_its_brightness() -> None:
    photo = np.array([[[255, 0, 0], [10, 200, 30]]], np.uint8)
    np.testing.assert_array_equal(greyed(photo, 0), photo)
    assert greyed(photo, 1).tolist() == [[[54] * 3, [147] * 3]]
    assert np.ptp(greyed(photo, 0.5)[0, 0]) == pytest.approx(255 / 2, abs=1)
