import numpy as np
import pytest

from convoscope.why.question import Question
from convoscope.why.what_if import WHAT_IFS, Series, WhatIf, crop, series, shift
from tests import shipped
from tests.convoscope.why.networks import network
from tests.graphs import prepared


@pytest.mark.parametrize("what", WHAT_IFS, ids=lambda what: what.name)
@pytest.mark.parametrize("name", shipped.NAMES)
def test_each_answer_is_that_to_the_changed_photo(name: str, what: WhatIf) -> None:
    loaded = network(name)
    made = prepared(loaded.card.preprocessing)
    found = series(loaded, made, what, count=6)
    assert found.strengths[[0, -1]].tolist() == [what.low, what.high]
    assert found.strengths[found.unchanged] == 0
    np.testing.assert_array_equal(found.pixels[found.unchanged], made.resized)
    prediction = loaded.predict(made)
    np.testing.assert_allclose(found.logits[found.unchanged], prediction.logits, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(found.probabilities[found.unchanged], prediction.probabilities, rtol=1e-3, atol=1e-6)
    assert found.pixels.shape == (len(found.strengths), *made.resized.shape)
    assert np.abs(found.pixels[-1].astype(float) - made.resized).mean() > 1


def made_series(*winners: int) -> Series:
    strengths = np.arange(len(winners)) - 2.0
    logits = np.eye(3)[list(winners)]
    return Series(WHAT_IFS[0], strengths, np.zeros((len(winners), 1, 1, 1), np.uint8), logits, logits)


def test_an_answer_turns_where_another_class_wins_nearest_to_no_change() -> None:
    why = Question(0)
    assert made_series(1, 0, 0, 0, 0, 2).turn(why) == 0
    assert made_series(1, 0, 0, 2, 2).turn(why) == 3
    assert made_series(0, 0, 0, 0).turn(why) is None
    assert made_series(0, 1, 1, 1).unchanged == 2


def test_why_not_turns_where_the_class_wins_and_rather_than_where_the_lead_changes_sides() -> None:
    found = made_series(1, 0, 0, 2, 1, 1)
    assert found.turn(Question(2)) == 3
    assert found.turn(Question(1)) == 0  # two steps away on either side: the first
    assert found.turn(Question(0, 2)) == 3
    assert found.turn(Question(2, 0)) == 3
    assert found.turn(Question(2, 1)) == 3
    assert made_series(0, 1, 1, 0).turn(Question(2, 1)) is None


@pytest.mark.parametrize("channels", [1, 3])
def test_a_shift_moves_the_picture_and_fills_with_its_mean(channels: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (8, 10, channels), np.uint8)
    for share, distance in ((0.3, 3), (-0.3, -3)):
        moved = shift(pixels, share)
        kept, free = (slice(3, 10), slice(0, 3)) if distance > 0 else (slice(0, 7), slice(7, 10))
        np.testing.assert_array_equal(moved[:, kept], pixels[:, :7] if distance > 0 else pixels[:, 3:])
        assert (moved[:, free] == pixels.mean((0, 1)).round()).all()
    np.testing.assert_array_equal(shift(pixels, 0), pixels)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_crop_enlarges_the_middle(channels: int) -> None:
    pixels = np.zeros((16, 16, channels), np.uint8)
    pixels[4:12, 4:12] = 200
    assert crop(pixels, 0.75).min() == 200
    assert crop(pixels, 0.5).mean() > 2 * pixels.mean()
    assert crop(pixels, 0.5).shape == pixels.shape
