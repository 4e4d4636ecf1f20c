"""What is to be explained: the logit of a class, or by how much it exceeds another's."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convoscope.network import Network

AT_ONCE = 8  # pictures in one run: with more, memory costs more time than is saved


@dataclass(frozen=True)
class Question:
    """index: of the class asked about. against: of the class whose logit is taken off, or None."""

    index: int
    against: int | None = None

    def weights(self, classes: int) -> NDArray[np.float32]:
        """float32 (classes,): the score is Σ weights · logits."""
        weights = np.zeros(classes, np.float32)
        weights[self.index] = 1
        if self.against is not None:
            weights[self.against] -= 1
        return weights

    def score(self, logits: NDArray[np.floating]) -> NDArray[np.float64]:
        """(…, classes) → float64 (…)."""
        exact = logits.astype(np.float64)
        return np.asarray(exact[..., self.index] - (0 if self.against is None else exact[..., self.against]))


def chosen(network: Network, logits: NDArray[np.floating], question: Question) -> NDArray[np.float64]:
    """(…, classes) → float64 (…), 0-1: the probability of the class asked about, against another: if it is one of these two."""
    if question.against is None:
        return np.asarray(network.probabilities(logits)[..., question.index])
    return np.asarray(network.probabilities(logits[..., [question.index, question.against]])[..., 0])


def batches(count: int, at_once: int = AT_ONCE) -> Iterator[slice]:
    """What one run after the other takes of `count` pictures."""
    return (slice(first, min(first + at_once, count)) for first in range(0, count, at_once))


def answers(network: Network, tensors: NDArray[np.float32]) -> NDArray[np.float64]:
    """float32 (N, C, S, S) → logits, float64 (N, classes), a few pictures at a time."""
    return np.concatenate([network.logits(tensors[part]) for part in batches(len(tensors))])
