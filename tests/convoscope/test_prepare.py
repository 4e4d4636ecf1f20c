import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from convoscope.card import Preprocessing
from convoscope.photo import Photo, from_pixels, read
from convoscope.prepare import RESAMPLE, Crop, centre_crop, fit_crop, normalise, prepare
from tests.graphs import photo

COLOUR = Preprocessing(size=2, channels="RGB", fit="centre crop", resample="box", mean=(0.0, 0.2, 0.6), std=(1.0, 0.5, 0.1))
GREY = Preprocessing(size=2, channels="grey", fit="centre crop", resample="box", mean=(0.4,), std=(0.2,))


def flat(red: NDArray[np.uint8] | list[list[int]], green: int, blue: int) -> Photo:
    reds = np.asarray(red, np.uint8)
    return from_pixels(np.stack([reds, np.full_like(reds, green), np.full_like(reds, blue)], 2), "by hand")


def test_a_crop_is_reduced_and_normalised_as_by_hand() -> None:
    reds = [
        [9, 0, 10, 100, 110, 9],
        [9, 20, 30, 120, 130, 9],
        [9, 51, 51, 204, 204, 9],
        [9, 51, 51, 204, 204, 9],
    ]
    made = prepare(flat(reds, 51, 255), Crop(1, 0, 4), COLOUR)
    assert made.resized[..., 0].tolist() == [[15, 115], [51, 204]]  # means of 2 × 2
    assert made.tensor.dtype == np.float32
    np.testing.assert_allclose(
        made.tensor,
        [[[[15 / 255, 115 / 255], [0.2, 0.8]], [[0, 0], [0, 0]], [[4, 4], [4, 4]]]],  # (0.2 − 0.2) / 0.5, (1 − 0.6) / 0.1
        rtol=1e-6,
        atol=1e-7,
    )


def test_a_network_of_one_channel_gets_the_luminance() -> None:
    made = prepare(flat([[100, 100], [200, 200]], 50, 0), Crop(0, 0, 2), GREY)
    luminance = np.array([[0.299 * 100 + 0.587 * 50] * 2, [0.299 * 200 + 0.587 * 50] * 2])
    assert made.resized.shape == (2, 2, 1)
    assert np.abs(made.resized[..., 0] - luminance).max() <= 0.5
    assert made.tensor.shape == (1, 1, 2, 2)
    np.testing.assert_allclose(made.tensor[0, 0], (made.resized[..., 0] / 255 - 0.4) / 0.2, rtol=1e-5)


@pytest.mark.parametrize("resample", RESAMPLE)
def test_resizing_is_pillows_of_that_name(resample: str) -> None:
    shown = photo()
    made = prepare(shown, Crop(3, 5, 30), COLOUR.model_copy(update={"size": 7, "resample": resample}))
    expected = Image.fromarray(shown.pixels).crop((3, 5, 33, 35)).resize((7, 7), Image.Resampling[resample.upper()])
    np.testing.assert_array_equal(made.resized, np.asarray(expected))


@pytest.mark.parametrize("crop", [Crop(100, 0, 600), Crop(101, 33, 515), Crop(0, 0, 160), Crop(3, 7, 31)], ids=str)
def test_a_photo_kept_as_a_file_is_read_smaller_and_looks_the_same(crop: Crop) -> None:
    rows, columns = np.mgrid[:900, :1200].astype(np.float32)
    waves = [127 + 100 * np.sin(rows / a) * np.cos(columns / b) for a, b in ((40, 70), (25, 33), (90, 21))]
    file = io.BytesIO()
    Image.fromarray(np.stack(waves, 2).astype(np.uint8)).save(file, "PNG")
    shown = read(file.getvalue())
    assert shown.shape == (600, 800)
    assert [shown.reduced(most)[0].size for most in (0, 1, 3, 9)] == [(800, 600), (800, 600), (400, 300), (100, 75)]
    whole = Image.fromarray(shown.pixels).crop((crop.left, crop.top, crop.left + crop.side, crop.top + crop.side))
    for resample, difference in (("bilinear", 4), ("nearest", 0)):
        made = prepare(shown, crop, COLOUR.model_copy(update={"size": 32, "resample": resample}))
        expected = np.asarray(whole.resize((32, 32), RESAMPLE[resample]), np.int16)
        assert np.abs(made.resized - expected).max() <= difference


@pytest.mark.parametrize(
    ("height", "width", "crop"),
    [(40, 60, Crop(10, 0, 40)), (60, 40, Crop(0, 10, 40)), (5, 5, Crop(0, 0, 5)), (1, 4, Crop(1, 0, 1)), (4, 7, Crop(1, 0, 4))],
    ids=["landscape", "upright", "square", "line", "odd"],
)
def test_the_centre_is_the_largest_square_in_the_middle(height: int, width: int, crop: Crop) -> None:
    assert centre_crop(photo(height, width)) == crop


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        (Crop(10, 5, 20), Crop(10, 5, 20)),
        (Crop(-3, -9, 20), Crop(0, 0, 20)),
        (Crop(55, 35, 20), Crop(40, 20, 20)),
        (Crop(5, 5, 1000), Crop(5, 0, 40)),
        (Crop(70, 70, 0), Crop(59, 39, 1)),
    ],
)
def test_a_crop_is_moved_into_the_photo(asked: Crop, given: Crop) -> None:
    assert fit_crop(asked, photo(40, 60)) == given


@given(st.builds(Crop, *[st.integers(-2000, 2000)] * 3), st.integers(1, 50), st.integers(1, 50))
def test_a_fitted_crop_lies_inside_and_fits_again(crop: Crop, height: int, width: int) -> None:
    shown = photo(height, width)
    fitted = fit_crop(crop, shown)
    assert 0 <= fitted.left <= width - fitted.side
    assert 0 <= fitted.top <= height - fitted.side
    assert fitted.side >= 1
    assert fit_crop(fitted, shown) == fitted


def test_many_pictures_are_normalised_like_each() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (4, 2, 2, 3), dtype=np.uint8)
    together = normalise(pixels, COLOUR)
    assert together.shape == (4, 3, 2, 2)
    assert together.flags.c_contiguous
    for tensor, each in zip(together, pixels, strict=True):
        for channel, (mean, std) in enumerate(zip(COLOUR.mean, COLOUR.std, strict=True)):
            np.testing.assert_allclose(tensor[channel], (each[..., channel] / 255 - mean) / std, rtol=1e-5, atol=1e-6)
