from dataclasses import replace

import numpy as np
import pytest

from convoscope.evidence import linear_head
from convoscope.why.gradients import open_gradients
from convoscope.why.heat import SMALL, STEPS, Integrated, grad_cam, integrated, integrated_closely, saliency, smoothed
from convoscope.why.question import Question
from tests import shipped
from tests.convoscope.why.networks import ALL, network, photo
from tests.graphs import prepared


@pytest.mark.parametrize("name", ALL)
def test_saliency_is_the_largest_slope_at_each_pixel(name: str) -> None:
    gradients = open_gradients(network(name))
    found = saliency(gradients, photo(name), Question(1))
    slopes = gradients.of(photo(name), Question(1))
    np.testing.assert_array_equal(found.values, np.abs(slopes.photo[0]).max(0))
    assert found.score == slopes.scores[0]


def test_smoothing_takes_the_mean_over_noisy_copies() -> None:
    gradients, x, question = open_gradients(network("shapes")), photo("shapes"), Question(1)
    grain = np.random.default_rng(4).normal(0, 0.15 * np.ptp(x), (20, *x.shape[1:]))
    each = [gradients.of((x + one).astype(np.float32), question).photo[0] for one in grain]
    found = smoothed(gradients, x, question, samples=20, seed=4)
    np.testing.assert_allclose(found.gradient, np.mean(each, 0), rtol=1e-4, atol=1e-5)
    assert found.score == pytest.approx(gradients.of(x, question).scores[0], rel=1e-5)


@pytest.mark.parametrize("name", ALL)
def test_integrated_gradients_come_closer_to_the_difference_with_more_steps(name: str) -> None:
    gradients, x = open_gradients(network(name)), photo(name)
    coarse, fine = (integrated(gradients, x, Question(2, 0), steps) for steps in (2, 256))
    assert coarse.baseline_score == pytest.approx(float(Question(2, 0).score(network(name).logits(0 * x))[0]), abs=1e-4)
    difference = fine.score - fine.baseline_score
    assert fine.gap == pytest.approx(difference - fine.values.sum(), abs=1e-9)
    assert abs(fine.gap) < 0.02 * max(abs(difference), np.abs(fine.parts).sum() / 10)
    assert abs(fine.gap) < abs(coarse.gap)


@pytest.mark.parametrize("name", ALL)
def test_as_many_steps_are_taken_as_leave_a_small_gap(name: str) -> None:
    gradients, x = open_gradients(network(name)), photo(name)
    found, rough = integrated_closely(gradients, x, Question(2)), integrated(gradients, x, Question(2))
    assert found.steps in STEPS
    assert found.small_gap or found.steps == STEPS[-1]
    assert (found.steps == STEPS[0]) == rough.small_gap


def test_a_gap_is_small_beside_what_is_to_be_explained() -> None:
    exact = Integrated(score=3.0, parts=np.full((1, 1, 1), 2.0), baseline_score=1.0, steps=32)
    assert exact.small_gap
    assert replace(exact, parts=exact.parts * (1 + 0.9 * SMALL)).small_gap
    assert not replace(exact, parts=exact.parts * (1 + 1.1 * SMALL)).small_gap


def test_integrated_gradients_are_taken_in_the_middle_of_each_step() -> None:
    gradients, x = open_gradients(network("shapes")), photo("shapes")
    slopes = [gradients.of(np.float32(share) * x, Question(2)).photo[0] for share in (1 / 6, 3 / 6, 5 / 6)]
    found = integrated(gradients, x, Question(2), steps=3)
    np.testing.assert_allclose(found.parts, np.mean(slopes, 0) * x[0], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", ["photo", "strided", "residual", "old"])
def test_grad_cam_at_the_last_maps_is_the_exact_evidence_but_for_their_mean(name: str) -> None:
    """Averaged maps: the gradient is weight / cells everywhere, so the sum of the map is what the channels add to the logit."""
    loaded = network(name)
    head = linear_head(loaded)
    assert head is not None
    gradients = open_gradients(loaded, [head.stage.tensor])
    for seed in range(2):
        trace = loaded.trace(prepared(loaded.card.preprocessing, seed))
        cam = grad_cam(gradients, photo(name, seed), Question(3), head.stage.tensor)
        evidence = head.evidence(trace, 3)
        scale = np.abs(evidence.values).max()
        np.testing.assert_allclose(cam.values, evidence.values, atol=1e-5 * scale)
        assert cam.values.sum() + evidence.bias == pytest.approx(evidence.logit, abs=1e-4 * np.abs(cam.parts).sum())


@pytest.mark.parametrize("name", [*shipped.NAMES, "strided", "residual", "old"])
def test_gradient_times_activation_at_the_last_maps_is_the_exact_evidence(name: str) -> None:
    loaded = network(name)
    head = linear_head(loaded)
    assert head is not None
    gradients = open_gradients(loaded, [head.stage.tensor])
    trace = loaded.trace(prepared(loaded.card.preprocessing))
    found, tensor = gradients.of(photo(name), Question(3)), head.stage.tensor
    parts = found.gradients[tensor][0].astype(np.float64) * found.values[tensor][0]
    evidence = head.evidence(trace, 3)
    np.testing.assert_allclose(parts.sum(0), evidence.values, atol=1e-5 * np.abs(parts).max())
    assert parts.sum() + evidence.bias == pytest.approx(found.scores[0], abs=1e-5 * np.abs(parts).sum())


@pytest.mark.parametrize("name", shipped.NAMES)
def test_grad_cam_weighs_each_map_by_its_mean_slope_at_any_layer(name: str) -> None:
    stages = [stage for stage in network(name).stages if stage.operator == "Relu"]
    gradients = open_gradients(network(name), [stage.tensor for stage in stages])
    slopes = gradients.of(photo(name), Question(2))
    for stage in stages:
        cam = grad_cam(gradients, photo(name), Question(2), stage.tensor)
        expected = sum(
            float(slope.mean()) * values.astype(np.float64)
            for slope, values in zip(slopes.gradients[stage.tensor][0], slopes.values[stage.tensor][0], strict=True)
        )
        np.testing.assert_allclose(cam.values, expected, rtol=1e-3, atol=1e-6)
        assert cam.parts.shape == stage.shape
