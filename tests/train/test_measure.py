import numpy as np
import pytest
import torch

from convoscope.evaluation import wilson
from convoscope.network import softmax
from tests.convoscope.zoo import DENSE, SIZE
from train.data import Labelled
from train.measure import BATCH, calibration, calibration_error, logits_of, results


@pytest.mark.parametrize(
    ("hits", "count", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),  # Newcombe, Statistics in Medicine 17 (1998), table I
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (29, 29, 0.8830, 1.0000),
    ],
)
def test_intervals_are_those_of_the_literature(hits: int, count: int, low: float, high: float) -> None:
    interval = wilson(hits, count)
    assert interval.value == round(hits / count, 4)
    assert (interval.low, interval.high) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


def test_accuracy_is_counted_as_by_hand() -> None:
    logits = np.array([[0.0, 1, 2, 3, 4, 5, 6]] * 4)
    found = results(logits, np.array([6, 5, 2, 1]), "four pictures")  # ranks 1, 2, 5, 6
    assert (found.pictures, found.measured_on) == (4, "four pictures")
    assert found.top1.value == 0.25
    assert found.top5 is not None
    assert found.top5.value == 0.75


def test_top5_says_nothing_about_five_classes() -> None:
    assert results(np.eye(5), np.arange(5), "").top5 is None
    assert results(np.eye(6), np.arange(6), "").top5 is not None


def test_a_network_that_cannot_decide_is_not_right() -> None:
    found = results(np.zeros((10, 7)), np.arange(10) % 7, "")
    assert found.top1.value == 0
    assert found.top5 is not None
    assert found.top5.value == 0


def test_calibration_error_is_what_one_computes_by_hand() -> None:
    """Two pictures at 90 %, one of them right; two at 60 %, both right."""
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.4, 0.6]])
    error = calibration_error(probabilities, np.array([0, 1, 0, 1]))
    assert error == pytest.approx(0.5 * abs(0.5 - 0.9) + 0.5 * abs(1 - 0.6))


def test_confidence_is_compared_in_fifteenths() -> None:
    """92.5 % and 93.2 % lie in one of them, 93.4 % in the next; the first answer is right, the others are not."""
    probabilities = np.array([[0.925, 0.075], [0.932, 0.068], [0.934, 0.066]])
    error = calibration_error(probabilities, np.array([0, 1, 1]))
    assert error == pytest.approx(2 / 3 * abs(0.5 - (0.925 + 0.932) / 2) + 1 / 3 * 0.934)


def test_a_sure_and_right_network_has_no_calibration_error() -> None:
    assert calibration_error(np.eye(3), np.arange(3)) == 0


def drawn(temperature: float, count: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    """Logits whose softmax at `temperature` is the very distribution their labels come from."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2 * temperature, (count, 5))
    shares = softmax(logits / temperature).cumsum(1)
    return logits, (rng.random((count, 1)) > shares).sum(1).clip(max=4)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_calibration_finds_the_temperature(temperature: float) -> None:
    found = calibration(*drawn(temperature), "drawn at random")
    assert found.temperature == pytest.approx(temperature, rel=0.03)
    assert found.ece_after < 0.02
    assert found.ece_before > 0.05 or temperature == 1
    assert found.measured_on == "drawn at random"


def test_best_answers_become_as_probable_as_they_are_often_right() -> None:
    logits, labels = drawn(1.0)
    logits[:, :2] *= 3  # no temperature fits all of its answers
    found = calibration(logits, labels, "drawn at random")
    right = (logits.argmax(1) == labels).mean()
    assert softmax(logits / found.temperature).max(1).mean() == pytest.approx(right, abs=1e-3)


def test_a_network_that_is_always_right_has_a_temperature_too() -> None:
    found = calibration(np.eye(3) * 5, np.arange(3), "three pictures")
    assert softmax(np.eye(3) * 5 / found.temperature).max(1).mean() == pytest.approx(3.5 / 4, abs=1e-3)


def test_logits_come_from_the_engine_in_batches(tmp_path) -> None:
    network = DENSE.load(tmp_path)
    pixels = torch.randint(0, 256, (BATCH + 3, 1, SIZE, SIZE), dtype=torch.uint8)
    found = logits_of(network, Labelled(pixels, torch.zeros(BATCH + 3, dtype=torch.int64)))
    expected = DENSE.expected(((pixels.float() / 255 - 0.5) / 0.25).numpy())["logits"].numpy()
    assert found.shape == (BATCH + 3, 5)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
