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
    """The temperature of least negative log-likelihood, by ternary search over its logarithm."""
    low, high = math.log(0.05), math.log(20)
    while high - low > 1e-4:
        left, right = low + (high - low) / 3, high - (high - low) / 3
        if _likelihood_loss(logits, labels, math.exp(left)) < _likelihood_loss(logits, labels, math.exp(right)):
            high = right
        else:
            low = left
    temperature = math.exp((low + high) / 2)
    return Calibration(
        temperature=round(temperature, 4),
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


def _likelihood_loss(logits: NDArray[np.float64], labels: NDArray[np.int64], temperature: float) -> float:
    return float(-np.log(softmax(logits / temperature)[np.arange(len(labels)), labels] + 1e-300).mean())
