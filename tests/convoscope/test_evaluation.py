import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest

from convoscope.card import ModelError, read_card
from convoscope.evaluation import FILE, Evaluation, by_class, read_evaluation, wilson

MODELS = Path(__file__).parents[2] / "models"
CARD = read_card(MODELS / "shapes")
CLASSES = ("ant", "bee", "cow", "dog")
CONFUSION = [[0, 0, 8], [0, 1, 2], [1, 1, 5], [1, 0, 3], [1, 2, 1], [3, 3, 4]]
BINS = [
    {"low": 0.5, "high": 0.6, "pictures": 10, "confidence": 0.56, "right": 0.6},
    {"low": 0.9, "high": 1.0, "pictures": 30, "confidence": 0.95, "right": 0.9},
]


def content(**changes: Any) -> dict[str, Any]:
    plain = {"schema_version": 1, "sha256": CARD.sha256, "measured_on": "a test", "confusion": CONFUSION, "bins": BINS}
    return (
        plain
        | {"order": [3, 1, 0, 2, 4, 5, 6], "robustness": [], "moments": []}
        | dict.fromkeys(("noticing", "few", "photos", "averaged"))
        | changes
    )


def write(folder: Path, written: str) -> Path:
    (folder / FILE).write_text(written)
    return folder


EVALUATION = Evaluation.model_validate_json(json.dumps(content()))


def test_recall_precision_and_the_most_frequent_mistake_of_each_class() -> None:
    ant, bee, cow, dog = by_class(EVALUATION, CLASSES)
    assert ant
    assert bee
    assert dog
    assert (ant.name, ant.pictures, ant.mistake, ant.mistakes) == ("ant", 10, "bee", 2)
    assert ant.recall.value == 0.8
    assert ant.precision
    assert ant.precision.value == round(8 / 11, 4)
    assert (bee.pictures, bee.recall.value, bee.mistake, bee.mistakes) == (9, round(5 / 9, 4), "ant", 3)
    assert cow is None
    assert (dog.recall.value, dog.mistake, dog.mistakes) == (1, None, 0)


def test_the_worst_pairs_come_first_and_what_never_happened_is_none() -> None:
    assert EVALUATION.worst_pairs(4, 2) == [(1, 0, 3), (0, 1, 2)]
    assert EVALUATION.worst_pairs(4, 10) == [(1, 0, 3), (0, 1, 2), (1, 2, 1)]


def test_a_class_never_named_has_no_precision() -> None:
    never = Evaluation.model_validate_json(json.dumps(content(confusion=[[0, 1, 3], [1, 1, 3]])))
    result = by_class(never, ("ant", "bee"))[0]
    assert result
    assert (result.recall.value, result.precision) == (0, None)


def test_a_probability_finds_its_bin_and_bins_average_to_the_calibration_error() -> None:
    found = EVALUATION.bin_of(0.97)
    assert found
    assert found.right == 0.9
    assert EVALUATION.bin_of(0.75) is None
    assert EVALUATION.calibration_error == pytest.approx((10 * 0.04 + 30 * 0.05) / 40)


@pytest.mark.parametrize(("hits", "count"), [(0, 7), (3, 7), (500, 1000), (7, 7)])
def test_the_interval_is_wilsons(hits: int, count: int) -> None:
    expected = binomtest(hits, count).proportion_ci(method="wilson")
    interval = wilson(hits, count)
    np.testing.assert_allclose((interval.low, interval.high), (expected.low, expected.high), atol=1e-4)


@pytest.mark.parametrize("name", ["photo", "shapes"])
def test_the_evaluations_shipped_agree_with_the_cards(name: str) -> None:
    card = read_card(MODELS / name)
    evaluation = read_evaluation(MODELS / name, card)
    assert evaluation
    assert card.results
    counts = evaluation.matrix(len(card.classes))
    assert counts.sum() == card.results.pictures == sum(each.pictures for each in evaluation.bins)
    assert counts.trace() / counts.sum() == pytest.approx(card.results.top1.value, abs=1e-4)
    assert all(each.top1[0] == pytest.approx(card.results.top1.value, abs=0.03) for each in evaluation.robustness)


@pytest.mark.parametrize("name", ["photo", "shapes"])
def test_the_doubts_shipped_were_measured_and_hold_what_the_card_promises(name: str) -> None:
    card = read_card(MODELS / name)
    evaluation = read_evaluation(MODELS / name, card)
    assert evaluation
    assert evaluation.noticing
    assert card.novelty
    own = evaluation.noticing.own
    assert own.pictures == sum(each.pictures for each in evaluation.bins)
    assert own.warned.low - 0.03 < card.novelty.false_warnings < own.warned.high + 0.03
    made = {each.kind: each.warned.value for each in evaluation.noticing.made}
    assert made["noise"] == made["black"] == made["white"] == 1


def test_no_file_means_not_measured(tmp_path: Path) -> None:
    assert read_evaluation(tmp_path, CARD) is None


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("{", "is damaged, so nothing measured can be shown."),
        (json.dumps(content(bins=None)), "is damaged, so nothing measured can be shown."),
        (json.dumps(content(confusion=[])), "is damaged, so nothing measured can be shown."),
        (json.dumps(content(sha256="0" * 64)), "was measured on another graph, so nothing measured can be shown."),
        (json.dumps(content(confusion=[[0, 7, 1]])), "does not name the classes of the card."),
        (json.dumps(content(order=[0, 1, 2])), "does not name the classes of the card."),
    ],
    ids=["no JSON", "a field of the wrong kind", "nothing counted", "another graph", "a class too many", "a class left out"],
)
def test_what_is_wrong_is_said(tmp_path: Path, written: str, sentence: str) -> None:
    with pytest.raises(ModelError) as caught:
        read_evaluation(write(tmp_path, written), CARD)
    assert str(caught.value) == f"{tmp_path.name}/{FILE} {sentence}"
