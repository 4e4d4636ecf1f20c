import numpy as np
import pytest

from convoscope.why.gradients import open_gradients
from convoscope.why.heat import grad_cam, integrated, saliency
from convoscope.why.question import Question
from convoscope.why.surgery import lean
from convoscope.why.trust import CONTROLS, Curves, Trial, Verdict, blurred, moved, shuffled, similarity
from tests import shipped
from tests.convoscope.why.networks import ALL, network, photo
from tests.graphs import noise


def curves(merit: float) -> Curves:
    return Curves(np.array([0.0, 1.0]), np.zeros(2), np.full(2, merit))


@pytest.mark.parametrize("name", shipped.NAMES)
def test_curves_go_from_the_photo_to_nothing_and_from_a_blur_to_the_photo(name: str) -> None:
    loaded, x, question = network(name), photo(name), Question(2)
    found = Trial(lean(loaded), x, question, steps=8).curves(noise(x.shape[2:]))
    ends = loaded.probabilities(loaded.logits(np.concatenate([x, 0 * x, blurred(x)])))[:, 2]
    np.testing.assert_allclose(found.deletion[[0, -1]], ends[:2], rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(found.insertion[[0, -1]], ends[[2, 0]], rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(found.shares, np.arange(9) / 8, atol=1e-3)


def test_what_the_map_has_highest_is_changed_first() -> None:
    loaded, x = network("shapes"), photo("shapes")
    values = np.arange(1024.0).reshape(32, 32)  # the last pixels first
    found = Trial(loaded, x, Question(1), steps=4).curves(values)
    deleted, inserted = x.copy(), blurred(x)
    deleted[..., 24:, :] = 0
    inserted[..., 24:, :] = x[..., 24:, :]
    expected = loaded.probabilities(loaded.logits(np.concatenate([deleted, inserted])))[:, 1]
    np.testing.assert_allclose([found.deletion[1], found.insertion[1]], expected, rtol=1e-4)


def test_of_one_class_rather_than_another_the_difference_is_tried() -> None:
    loaded, x = network("shapes"), photo("shapes")
    values = np.arange(1024.0).reshape(32, 32)
    found = Trial(loaded, x, Question(1, 4), steps=1).curves(values)
    logits = loaded.logits(np.concatenate([x, 0 * x])).astype(np.float64) / loaded.card.temperature
    np.testing.assert_allclose(found.deletion, 1 / (1 + np.exp(logits[:, 4] - logits[:, 1])), rtol=1e-4)
    turned = Trial(loaded, x, Question(4, 1), steps=1).curves(values)
    np.testing.assert_allclose(found.insertion + turned.insertion, 1, rtol=1e-6)


def test_areas_are_those_under_the_curves() -> None:
    found = Curves(np.array([0, 0.5, 1]), np.array([1, 0.5, 0]), np.array([0, 1, 1]))
    assert found.deletion_area == 0.5
    assert found.insertion_area == 0.75
    assert found.merit == 0.25


def test_a_map_of_what_the_answer_rests_on_beats_chance_and_noise_does_not() -> None:
    """A drawing on empty paper: only its strokes can matter."""
    loaded = network("shapes")
    x = np.full((1, 1, 32, 32), photo("shapes").max(), np.float32)
    x[..., 6:26, 6:9] = x[..., 6:26, 23:26] = x[..., 6:9, 6:26] = x[..., 23:26, 6:26] = photo("shapes").min()
    question = Question(int(loaded.logits(x).argmax()))
    trial = Trial(lean(loaded), x, question)
    parts = np.abs(integrated(open_gradients(loaded), x, question, 64).values)
    rested = list(trial.verdicts(parts))[-1]
    assert len(rested.controls) == CONTROLS
    assert rested.clearly_better
    random = [list(trial.verdicts(noise((32, 32), seed)))[-1].clearly_better for seed in range(6)]
    assert random.count(True) <= 2  # one in ten may look good


def test_the_verdict_is_the_rank_among_the_controls() -> None:
    controls = tuple(curves(merit / 20) for merit in range(19))
    verdicts = [Verdict(curves(merit), controls) for merit in (0.99, 0.875, 0.775, 0.425)]
    assert [each.beaten for each in verdicts] == [19, 18, 16, 9]
    assert [each.chance for each in verdicts] == [1 / 20, 2 / 20, 4 / 20, 11 / 20]
    assert [each.clearly_better for each in verdicts] == [True, True, False, False]
    assert [each.no_better_than_random for each in verdicts] == [False, False, False, True]


def test_verdicts_come_one_control_after_the_other() -> None:
    trial = Trial(network("shapes"), photo("shapes"), Question(0), steps=2)
    assert [len(each.controls) for each in trial.verdicts(noise((32, 32)), controls=3)] == [0, 1, 2, 3]


def test_controls_are_the_same_map_elsewhere() -> None:
    values = noise((8, 8))
    controls = list(moved(values, 6))
    for control in controls:
        np.testing.assert_array_equal(np.sort(control, None), np.sort(values, None))
    assert len({control.tobytes() for control in [values, *controls]}) == 7
    for one, again in zip(controls, moved(values, 6), strict=True):
        np.testing.assert_array_equal(one, again)


def test_a_blur_keeps_an_even_photo_and_takes_detail_away() -> None:
    np.testing.assert_allclose(blurred(np.full((1, 3, 16, 16), 0.7, np.float32)), 0.7, rtol=1e-6)
    assert np.ptp(blurred(noise((1, 3, 16, 16)))) < 0.3 * np.ptp(noise((1, 3, 16, 16)))


@pytest.mark.parametrize("name", ALL)
def test_shuffling_changes_the_map_and_keeps_the_values(name: str) -> None:
    loaded, x, question = network(name), photo(name), Question(1)
    forgetful = shuffled(loaded)
    assert forgetful.key != loaded.key
    assert forgetful.key != shuffled(loaded, seed=1).key
    assert forgetful.parameters == loaded.parameters
    one, other = (saliency(open_gradients(each), x, question) for each in (loaded, forgetful))
    assert other.score == pytest.approx(forgetful.logits(x)[0, 1], rel=1e-4, abs=1e-5)
    assert np.abs(one.score - other.score) > 1e-3
    assert similarity(one.values, other.values) < 0.6


@pytest.mark.parametrize("name", shipped.NAMES)
def test_shuffling_changes_grad_cam_too(name: str) -> None:
    last = [stage for stage in network(name).stages if stage.is_maps][-1].tensor
    maps = [
        grad_cam(open_gradients(each, [last]), photo(name), Question(1), last).values
        for each in (network(name), shuffled(network(name)))
    ]
    assert similarity(*maps) < 0.6


def test_similarity_is_spearmans_rank_correlation() -> None:
    values = noise((5, 5))
    assert similarity(values, np.exp(values)) == pytest.approx(1)
    assert similarity(values, -values) == pytest.approx(-1)
    assert similarity(values, np.ones((5, 5))) == 0
    assert similarity(np.array([1, 2, 2, 3]), np.array([1, 3, 2, 4])) == pytest.approx(0.9486833)
