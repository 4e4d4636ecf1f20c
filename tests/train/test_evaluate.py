import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from convoscope.changes import CHANGES, rotate
from convoscope.evaluation import FILE, read_evaluation, wilson
from convoscope.history import open_history
from convoscope.network import load
from convoscope.prepare import centre_crop, normalise
from convoscope.squares import look_several_times
from train.__main__ import main
from train.data import Labelled, draw
from train.evaluate import SOME, TEN, _among_ten, _spread, evaluate, neighbours, reliability
from train.measure import calibration_error
from train.recipes import SHAPES

FOLDER = Path(__file__).parents[2] / "models" / "shapes"
SOURCE = draw(700, SHAPES)
TEST = SOURCE.test


def answers(pictures: torch.Tensor, step: int | None = None) -> np.ndarray:
    network = load(FOLDER)
    if step is not None:
        history = open_history(FOLDER, network)
        assert history
        network = history.at(step)
    pixels = pictures.numpy().transpose(0, 2, 3, 1)
    return network.logits(normalise(pixels, network.card.preprocessing)).argmax(1)


@pytest.fixture(scope="module")
def evaluation():
    return evaluate(FOLDER, TEST, SOURCE.test_photos, "seventy drawings")


def test_every_answer_is_counted(evaluation) -> None:
    counts = np.zeros((7, 7), int)
    for label, answer in zip(TEST.labels.tolist(), answers(TEST.pictures).tolist(), strict=True):
        counts[label, answer] += 1
    np.testing.assert_array_equal(evaluation.matrix(7), counts)
    assert evaluation.measured_on == "seventy drawings"
    assert sum(each.pictures for each in evaluation.bins) == len(TEST) == 70


def test_each_change_is_measured_at_each_strength(evaluation) -> None:
    assert [(each.change, each.unit, each.strengths) for each in evaluation.robustness] == [
        (change.name, change.unit, change.strengths) for change in CHANGES
    ]
    rotation = next(each for each in evaluation.robustness if each.change == "rotation")
    turned = np.stack([rotate(pixels.transpose(1, 2, 0), 45).transpose(2, 0, 1) for pixels in TEST.pictures.numpy()])
    right = (answers(torch.from_numpy(turned)) == TEST.labels.numpy()).mean()
    assert rotation.top1[rotation.strengths.index(45)] == pytest.approx(right, abs=1e-4)


def test_answers_averaged_over_several_squares_are_counted_and_held_to_their_word(evaluation) -> None:
    network = load(FOLDER)
    found = [look_several_times(network, photo, centre_crop(photo)).average for photo in SOURCE.test_photos]
    right = np.array([each.best.index for each in found]) == TEST.labels.numpy()
    assert evaluation.averaged.test.top1 == wilson(int(right.sum()), 70)
    probabilities = np.stack([each.probabilities for each in found])
    assert evaluation.averaged.calibration_error == pytest.approx(calibration_error(probabilities, TEST.labels.numpy()), abs=1e-4)
    assert evaluation.averaged.photos is None


def test_each_moment_of_training_is_measured(evaluation) -> None:
    history = open_history(FOLDER, load(FOLDER))
    assert history
    assert tuple(each.step for each in evaluation.moments) == history.steps
    for moment in evaluation.moments:
        right = (answers(TEST.pictures, moment.step) == TEST.labels.numpy()).mean()
        assert moment.top1 == pytest.approx(right, abs=1e-4)


def test_ten_classes_are_all_there_is_to_choose_from() -> None:
    classes = (*TEN[5:], "tractor", *TEN[:5])
    logits = np.eye(11)[[5, 0, 6, 6, 5]]  # the tractor, twice; koala; lifeboat, twice
    labels = np.array([5, 0, 6, 7, 10])  # a tractor, koala, lifeboat, ladybug, school bus
    few = _among_ten(classes, logits, labels)
    assert few
    assert few.pictures == 4
    assert few.top1 == wilson(2, 4)  # for the school bus all ten tie, which counts against the network
    assert _among_ten(classes[1:], logits[:, 1:], labels) is None


def test_reliability_by_hand() -> None:
    probabilities = np.array([[0.62, 0.38], [0.66, 0.34], [0.05, 0.95], [0.0, 1.0]])
    first, last = reliability(probabilities, np.array([0, 1, 1, 1]))
    assert (first.low, first.high, first.pictures, first.confidence, first.right) == (0.6, 0.7, 2, 0.64, 0.5)
    assert (last.low, last.high, last.pictures, last.confidence, last.right) == (0.9, 1.0, 2, 0.975, 1.0)


def test_classes_often_confused_become_neighbours() -> None:
    pairs = np.array([[k, k] for k in range(6)] + [[0, 4], [4, 0], [1, 5], [2, 3]])
    order = neighbours(pairs, np.array([9] * 6 + [5, 5, 6, 4]), 6)
    assert sorted(order) == list(range(6))
    for one, other in ((0, 4), (1, 5), (2, 3)):
        assert abs(order.index(one) - order.index(other)) == 1


def test_the_command_writes_what_was_measured(tmp_path: Path, capsys) -> None:
    folder = shutil.copytree(FOLDER, tmp_path / "shapes")
    (folder / FILE).unlink()
    assert main(["evaluate", str(folder), "--drawings", "140"]) == 0
    written = read_evaluation(folder, load(folder).card)
    assert written
    assert sum(count for _, _, count in written.confusion) == 14


def test_pictures_of_other_classes_are_refused(tmp_path: Path, capsys) -> None:
    folder = shutil.copytree(FOLDER, tmp_path / "shapes")
    card = folder / "card.json"
    card.write_text(card.read_text().replace('"star"', '"Stern"'))
    assert main(["evaluate", str(folder), "--drawings", "14"]) == 1
    assert "has other classes than" in capsys.readouterr().err
    assert main(["evaluate", str(tmp_path / "none")]) == 1
    assert "card.json is missing" in capsys.readouterr().err


def test_few_pictures_are_all_used_and_many_are_spread() -> None:
    many = Labelled(torch.zeros(3 * SOME, 1, 1, 1, dtype=torch.uint8), torch.arange(3 * SOME))
    chosen = _spread(many, SOME).labels
    assert (len(chosen), int(chosen[0]), int(chosen[-1])) == (SOME, 0, 3 * SOME - 1)
    assert int(chosen.diff().min()) >= 2
    assert len(_spread(TEST, SOME)) == 70
