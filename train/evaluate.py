"""A network's answers to pictures it had never seen, as they are and made worse → `evaluation.json`."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform
from tqdm import tqdm

from convoscope.card import Results
from convoscope.changes import CHANGES, Change
from convoscope.evaluation import FILE, Averaged, Bin, Evaluation, Moment, Robustness
from convoscope.history import History, open_history
from convoscope.network import Network, load
from convoscope.photo import Photo
from convoscope.prepare import centre_crop
from convoscope.squares import look_several_times
from train.data import Labelled
from train.measure import calibration_error, logits_of, results
from train.novelty import noticing

BINS = 10  # of the reliability chart, of equal width
TEN = (  # that CNN Explainer's network knows; all of them are among Tiny ImageNet's 200
    "lifeboat",
    "ladybug",
    "pizza",
    "bell pepper",
    "school bus",
    "koala",
    "espresso",
    "lesser panda",
    "orange",
    "sports car",
)
SOME = 2000  # pictures at most that robustness and history are measured on: the interval is then ± 2 %


def evaluate(folder: Path, pictures: Labelled, photos: Iterable[Photo], measured_on: str) -> Evaluation:
    """Measures the network in the model folder, and the moments of its training that were kept. photos: the pictures, uncut.

    Raises ModelError.
    """
    network = load(folder)
    history = open_history(folder, network)
    logits, labels = logits_of(network, pictures), pictures.labels.numpy()
    pairs, counts = np.unique(np.stack([labels, logits.argmax(1)], 1), axis=0, return_counts=True)
    part = _spread(pictures, SOME)
    return Evaluation(
        schema_version=1,
        sha256=network.card.sha256,
        measured_on=measured_on,
        confusion=tuple((int(label), int(answer), int(count)) for (label, answer), count in zip(pairs, counts, strict=True)),
        order=neighbours(pairs, counts, len(network.card.classes)),
        bins=reliability(network.probabilities(logits), labels),
        robustness=tuple(_robustness(network, part, change) for change in CHANGES),
        moments=tuple(_moment(history, step, part) for step in history.steps) if history else (),
        noticing=noticing(network, pictures),
        few=_among_ten(network.card.classes, logits, labels),
        photos=None,
        averaged=_averaged(network, photos, labels, measured_on),
    )


def write_evaluation(folder: Path, evaluation: Evaluation) -> None:
    (folder / FILE).write_text(evaluation.model_dump_json() + "\n")


def average_logits(network: Network, photos: Iterable[Photo]) -> NDArray[np.float64]:
    """float64 (N, classes): of several squares of each photo."""
    asked = tqdm(photos, "several squares", unit=" photos", leave=False)
    return np.stack([look_several_times(network, photo, centre_crop(photo)).average.logits for photo in asked])


def reliability(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> tuple[Bin, ...]:
    """Confidence against the share that was right (DeGroot and Fienberg, 1983), for every bin that holds a picture."""
    confidence, right = probabilities.max(1), probabilities.argmax(1) == labels
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    return tuple(
        Bin(
            low=number / BINS,
            high=(number + 1) / BINS,
            pictures=int((bins == number).sum()),
            confidence=round(float(confidence[bins == number].mean()), 4),
            right=round(float(right[bins == number].mean()), 4),
        )
        for number in np.unique(bins).tolist()
    )


def neighbours(pairs: NDArray[np.int64], counts: NDArray[np.int64], classes: int) -> tuple[int, ...]:
    """The classes in an order that puts those next to each other that are often confused.

    Leaves of an average-linkage tree over 1 − the share of pictures confused, in optimal order (Bar-Joseph et al., 2001).
    pairs: (N, 2) class and answer; counts: (N,) pictures.
    """
    confused = np.zeros((classes, classes))
    confused[pairs[:, 0], pairs[:, 1]] = counts
    confused /= np.maximum(1, confused.sum(1, keepdims=True))
    distance = 1 - np.minimum(1, confused + confused.T)
    np.fill_diagonal(distance, 0)
    tree = linkage(squareform(distance), "average", optimal_ordering=True)
    return tuple(leaves_list(tree).tolist())


def _among_ten(classes: tuple[str, ...], logits: NDArray[np.float64], labels: NDArray[np.int64]) -> Results | None:
    """On the pictures of the TEN, with these alone to choose from. None for a network that does not know them."""
    if not set(TEN) <= set(classes):
        return None
    chosen = np.array([classes.index(name) for name in TEN])
    among = np.isin(labels, chosen)
    position = (labels[among][:, None] == chosen).argmax(1)
    return results(logits[among][:, chosen], position, "the ten classes of CNN Explainer, with these alone to choose from")


def _averaged(network: Network, photos: Iterable[Photo], labels: NDArray[np.int64], measured_on: str) -> Averaged:
    logits = average_logits(network, photos)
    return Averaged(
        test=results(logits, labels, measured_on),
        calibration_error=round(calibration_error(network.probabilities(logits), labels), 4),
        photos=None,
    )


def _moment(history: History, step: int, pictures: Labelled) -> Moment:
    right = logits_of(history.at(step), pictures).argmax(1) == pictures.labels.numpy()
    return Moment(step=step, pictures=len(pictures), top1=round(float(right.mean()), 4))


def _robustness(network: Network, pictures: Labelled, change: Change) -> Robustness:
    labels = pictures.labels.numpy()
    top1 = tuple(
        round(float((logits_of(network, _changed(pictures, change, strength)).argmax(1) == labels).mean()), 4)
        for strength in change.strengths
    )
    return Robustness(change=change.name, unit=change.unit, pictures=len(pictures), strengths=change.strengths, top1=top1)


def _changed(pictures: Labelled, change: Change, strength: float) -> Labelled:
    upright = pictures.pictures.numpy().transpose(0, 2, 3, 1)
    changed = np.stack([change.apply(pixels, strength) for pixels in upright]).transpose(0, 3, 1, 2)
    return Labelled(torch.from_numpy(np.ascontiguousarray(changed)), pictures.labels)


def _spread(pictures: Labelled, count: int) -> Labelled:
    """`count` of the pictures, evenly over their order, which may go class by class."""
    chosen = torch.linspace(0, len(pictures) - 1, min(count, len(pictures))).long()
    return Labelled(pictures.pictures[chosen], pictures.labels[chosen])
