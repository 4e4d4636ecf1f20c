import numpy as np
import pytest
from numpy.typing import NDArray

from convoscope.changes import CHANGES, Change, blur, compress, darken, noise, rotate


def scene(channels: int, size: int = 32) -> NDArray[np.uint8]:
    down, across = np.mgrid[0 : 255 : size * 1j, 0 : 255 : size * 1j]
    return np.stack([down, across, 255 - down], 2)[..., :channels].round().astype(np.uint8)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)
def test_shape_and_type_stay_and_the_first_strength_is_the_gentlest(change: Change, channels: int) -> None:
    pixels = scene(channels)
    changed = [change.apply(pixels, strength) for strength in change.strengths]
    assert {(each.shape, each.dtype) for each in changed} == {(pixels.shape, np.dtype(np.uint8))}
    gaps = [float(np.abs(each.astype(float) - pixels).mean()) for each in changed]
    assert gaps[0] <= min(gaps[1:])
    assert gaps[-1] > 1
    np.testing.assert_array_equal(pixels, scene(channels))


def test_blur_spreads_one_bright_pixel_like_a_gaussian() -> None:
    point = np.zeros((33, 33, 1), np.uint8)
    point[16, 16] = 255
    row = blur(point, 1.5)[16, :, 0].astype(float)
    expected = 255 * np.exp(-((np.arange(33) - 16) ** 2) / (2 * 1.5**2)) / (2 * np.pi * 1.5**2)
    assert np.abs(row - expected).max() < 4


def test_noise_has_its_deviation_and_is_the_same_each_time() -> None:
    grey = np.full((200, 200, 3), 128, np.uint8)
    assert noise(grey, 20).std() == pytest.approx(20, rel=0.02)
    np.testing.assert_array_equal(noise(grey, 20), noise(grey, 20))
    assert noise(grey + 1, 20).tolist() != (noise(grey, 20) + 1).tolist()


def test_darken_takes_its_share_of_the_light() -> None:
    np.testing.assert_array_equal(darken(np.array([[[200], [40]]], np.uint8), 0.75), [[[50], [10]]])


def test_a_quarter_turn_is_counter_clockwise_and_free_corners_take_the_mean() -> None:
    pixels = scene(3)
    np.testing.assert_array_equal(rotate(pixels, 90), np.rot90(pixels))
    assert np.abs(rotate(pixels, 45)[0, 0] - pixels.mean((0, 1))).max() <= 1


def test_coarser_compression_loses_more() -> None:
    grain = np.random.default_rng(0).integers(0, 255, (32, 32, 1), np.uint8)
    fine, coarse = (np.abs(compress(grain, coarseness).astype(float) - grain).mean() for coarseness in (5, 95))
    assert fine * 2 < coarse
