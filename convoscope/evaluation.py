"""`evaluation.json`: how a network did on pictures it had never seen, class by class, and on pictures made worse."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError, model_validator

from convoscope.card import Card, Count, Interval, ModelError, Part, Results, Share

FILE = "evaluation.json"
Index = Annotated[int, Field(ge=0)]
Z95 = 1.959964  # normal quantile of a 95 % interval


class Bin(Part):
    """The pictures whose best answer had a probability from `low` to `high`. confidence: its mean; right: share that were."""

    low: Share
    high: Share
    pictures: Count
    confidence: Share
    right: Share


class Robustness(Part):
    """Accuracy when the network's input is changed, at each strength (see `changes`)."""

    change: str
    unit: str
    pictures: Count
    strengths: tuple[float, ...]
    top1: tuple[Share, ...]

    @model_validator(mode="after")
    def _one_for_each(self) -> Self:
        if len(self.strengths) != len(self.top1):
            raise ValueError("robustness: strengths and top1 are not equally many")
        return self


class Moment(Part):
    """The network as it was after `step`, on some of the pictures."""

    step: Index
    pictures: Count
    top1: Share


class Noticed(Part):
    """Pictures of one kind: how many were doubted, and how many were not although their first answer was almost certain."""

    kind: str
    pictures: Count
    warned: Interval
    sure: Interval


class Noticing(Part):
    """What the network's doubts are worth. own: pictures of its classes, never seen before. made: pictures made by code.

    known, foreign: ordinary photos of its classes and of other things, if there were any. apart: chance that a foreign one
    seems more foreign than a known one (area under the ROC curve).
    """

    own: Noticed
    made: tuple[Noticed, ...]
    known: Noticed | None
    foreign: Noticed | None
    apart: Share | None


class Averaged(Part):
    """With several squares of each picture asked about, and the answers averaged (see `squares`).

    calibration_error: expected, of the average's probabilities. photos: on ordinary photos of its classes, from their bytes.
    """

    test: Results
    calibration_error: Share
    photos: Results | None


class Evaluation(Part):
    """sha256: of the graph that was measured. confusion: class, answer and number of pictures, for each pair that occurred.

    order: the classes, those often confused side by side. bins: of the probabilities as the app shows them. few: when it has to
    choose among some of its classes only, on their pictures. photos: on ordinary photos of its classes, from their bytes.
    """

    schema_version: Literal[1]
    sha256: str
    measured_on: str
    confusion: Annotated[tuple[tuple[Index, Index, Count], ...], Field(min_length=1)]
    order: tuple[Index, ...]
    bins: tuple[Bin, ...]
    robustness: tuple[Robustness, ...]
    moments: tuple[Moment, ...]
    noticing: Noticing | None
    few: Results | None
    photos: Results | None
    averaged: Averaged | None

    def matrix(self, classes: int) -> NDArray[np.int64]:
        """int64 (classes, classes): how many pictures of the row's class were given the column's."""
        counts = np.zeros((classes, classes), np.int64)
        for label, answer, pictures in self.confusion:
            counts[label, answer] = pictures
        return counts

    def worst_pairs(self, classes: int, count: int) -> list[tuple[int, int, int]]:
        """Class, answer and pictures of the `count` most frequent confusions, the most frequent first."""
        wrong = self.matrix(classes)
        np.fill_diagonal(wrong, 0)
        most = np.argsort(-wrong, axis=None, kind="stable")[:count]
        pairs = [(*divmod(int(at), classes), int(wrong.flat[at])) for at in most]
        return [pair for pair in pairs if pair[2]]

    @property
    def calibration_error(self) -> float:
        """Expected calibration error over the bins (Naeini et al., 2015)."""
        pictures = sum(each.pictures for each in self.bins)
        return sum(each.pictures * abs(each.right - each.confidence) for each in self.bins) / pictures

    def bin_of(self, probability: float) -> Bin | None:
        """The bin that a best answer of this probability falls into, if any picture did."""
        return next((each for each in self.bins if each.low <= probability <= each.high), None)


@dataclass(frozen=True)
class ClassResult:
    """recall: share of the class's pictures that were named so. precision: share of the pictures named so that were.

    mistake: the wrong name it was given most often; mistakes: how often.
    """

    name: str
    pictures: int
    recall: Interval
    precision: Interval | None
    mistake: str | None
    mistakes: int


def by_class(evaluation: Evaluation, classes: tuple[str, ...]) -> tuple[ClassResult | None, ...]:
    """One result per class, in their order; None where the evaluation had no picture of it."""
    counts = evaluation.matrix(len(classes))
    wrong = counts - np.diag(counts.diagonal())
    found: list[ClassResult | None] = []
    for index, name in enumerate(classes):
        pictures, named, right = (int(each) for each in (counts[index].sum(), counts[:, index].sum(), counts[index, index]))
        worst = int(wrong[index].argmax())
        mistakes = int(wrong[index, worst])
        found.append(
            ClassResult(
                name=name,
                pictures=pictures,
                recall=wilson(right, pictures),
                precision=wilson(right, named) if named else None,
                mistake=classes[worst] if mistakes else None,
                mistakes=mistakes,
            )
            if pictures
            else None
        )
    return tuple(found)


def wilson(hits: int, count: int) -> Interval:
    """Share with its 95 % interval (Wilson, 1927)."""
    share = hits / count
    middle = (share + Z95**2 / (2 * count)) / (1 + Z95**2 / count)
    half = Z95 / (1 + Z95**2 / count) * math.sqrt(share * (1 - share) / count + Z95**2 / (4 * count**2))
    return Interval(value=round(share, 4), low=round(max(0, middle - half), 4), high=round(min(1, middle + half), 4))


def read_evaluation(folder: Path, card: Card) -> Evaluation | None:
    """None where there is no such file: nothing was measured. Raises ModelError if it is damaged or of another graph."""
    path = folder / FILE
    if not path.exists():
        return None
    try:
        evaluation = Evaluation.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as failure:
        raise ModelError(f"{folder.name}/{FILE} is damaged, so nothing measured can be shown.") from failure
    if evaluation.sha256 != card.sha256:
        raise ModelError(f"{folder.name}/{FILE} was measured on another graph, so nothing measured can be shown.")
    known = set(range(len(card.classes)))
    if sorted(evaluation.order) != sorted(known) or any({label, answer} - known for label, answer, _ in evaluation.confusion):
        raise ModelError(f"{folder.name}/{FILE} does not name the classes of the card.")
    return evaluation
