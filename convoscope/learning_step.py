"""One step of gradient descent in the last layer, for one photo: loss, gradients by the chain rule, new weights.

Training changes every layer, many photos at a time; this is its last layer, with one photo.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convoscope.last_layer import LastLayer
from convoscope.network import softmax


@dataclass(frozen=True)
class LearningStep:
    """float64 throughout. error: probabilities − wanted, (classes,), where wanted is 1 for the right class and 0 for the others.

    gradient: of the loss with respect to each weight, (classes, F). after: the layer with its new weights and bias.
    """

    probabilities: NDArray[np.float64]
    error: NDArray[np.float64]
    gradient: NDArray[np.float64]
    loss: float
    after: LastLayer
    probabilities_after: NDArray[np.float64]
    loss_after: float


def learning_step(layer: LastLayer, target: int, rate: float) -> LearningStep:
    """One step towards the class `target`. Probabilities are the plain softmax of the logits, as in training.

    The loss is the cross-entropy −ln p. By the chain rule its gradient with respect to a logit is p − y, with respect to
    a weight (p − y) · x, with respect to a bias p − y. Gradient descent takes rate × gradient off each.
    """
    probabilities = softmax(layer.logits)
    error = probabilities - np.eye(len(layer.bias))[target]
    gradient = np.outer(error, layer.features)
    after = LastLayer(layer.features, layer.weights - rate * gradient, layer.bias - rate * error)
    return LearningStep(
        probabilities,
        error,
        gradient,
        loss=cross_entropy(layer.logits, target),
        after=after,
        probabilities_after=softmax(after.logits),
        loss_after=cross_entropy(after.logits, target),
    )


def cross_entropy(logits: NDArray[np.float64], target: int) -> float:
    """−ln of the probability that softmax gives the class `target`."""
    highest = logits.max()
    return float(np.log(np.exp(logits - highest).sum()) + highest - logits[target])
