"""Accuracy, confidence intervals and calibration, measured through the engine."""

import math

import numpy as np
from numpy.typing import NDArray

from convoscope.card import Calibration, Results
from convoscope.evaluation import wilson
from convoscope.network import Network, softmax
from convoscope.prepare import normalise
from train.data import Labelled

BATCH = 250
BINS = 15  # of the expected calibration error
COLDEST, HOTTEST, PRECISION = 0.05, 20.0, 1e-5  # temperatures that are tried, and how closely


def logits_of(network: Network, pictures: Labelled) -> NDArray[np.float64]:
    """float64 (N, classes), from ONNX Runtime."""
    parts = []
    for first in range(0, len(pictures), BATCH):
        pixels = pictures.pictures[first : first + BATCH].numpy().transpose(0, 2, 3, 1)
        parts.append(network.logits(normalise(pixels, network.card.preprocessing)))
    return np.concatenate(parts)


def results(logits: NDArray[np.float64], labels: NDArray[np.int64], measured_on: str) -> Results:
    """Top-1, and top-5 where there are more than five classes. A tie counts against the network."""
    rank = (logits >= logits[np.arange(len(labels)), labels][:, None]).sum(1) - 1
    top5 = wilson(int((rank < 5).sum()), len(labels)) if logits.shape[1] > 5 else None
    return Results(
        measured_on=measured_on,
        pictures=len(labels),
        top1=wilson(int((rank < 1).sum()), len(labels)),
        top5=top5,
    )


def calibration(logits: NDArray[np.float64], labels: NDArray[np.int64], measured_on: str) -> Calibration:
    """The temperature at which the best answers are as probable, on average, as they are often right.

    The likelihood of all classes (Guo et al., 2017) weighs what is said of the others, too; shown, and believed, is the best.
    """
    right = logits.argmax(1) == labels
    wanted = (right.sum() + 0.5) / (len(right) + 1)  # less than 1, also where all are right
    low, high = COLDEST, HOTTEST
    while high / low > 1 + PRECISION:
        temperature = math.sqrt(low * high)
        if softmax(logits / temperature).max(1).mean() > wanted:
            low = temperature
        else:
            high = temperature
    temperature = round(low, 4)
    return Calibration(
        temperature=temperature,
        measured_on=measured_on,
        ece_before=round(calibration_error(softmax(logits), labels), 4),
        ece_after=round(calibration_error(softmax(logits / temperature), labels), 4),
    )


def calibration_error(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """Expected calibration error of the top answer over equal-width bins (Naeini et al., 2015)."""
    confidence = probabilities.max(1)
    right = probabilities.argmax(1) == labels
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    return float(sum((bins == b).mean() * abs(right[bins == b].mean() - confidence[bins == b].mean()) for b in np.unique(bins)))
