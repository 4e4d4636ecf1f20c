"""Whether a picture may show none of the classes. Two questions are asked of what the network computed for it:

* Is the network unsure? The entropy of its probabilities (in nats): the more classes share them, the higher.
* Do its layers respond unlike to the pictures it knows? Of each layer with maps two strengths, the mean activation and the
  mean over channels of the largest one; the Mahalanobis distance of their logarithms from what is usual (Lee et al., 2018,
  apply it to features). Noise, plain colours and drawings lie far out.

Each question has a limit, chosen on pictures of the classes alone (`train/novelty.py`). Nothing here was fitted to pictures of
other things.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convoscope.card import ModelError, Novelty
from convoscope.layers import Stage
from convoscope.network import Network, Trace

SILENT = 1e-3  # strengths below it are as good as none


@dataclass(frozen=True)
class Doubt:
    """How far a picture is beyond the limit of each question, in standard deviations of known pictures; negative within it."""

    unsure: float
    unlike: float

    @property
    def warns(self) -> bool:
        return self.unsure > 0 or self.unlike > 0


def doubt(network: Network, trace: Trace) -> Doubt | None:
    """None where the card has no limits. Raises ModelError if they are of another network."""
    novelty = network.card.novelty
    if novelty is None:
        return None
    seen = strengths([trace.values(stage)[None] for stage in watched(network)])
    if seen.shape[1] != len(novelty.mean):
        raise ModelError(
            f"{network.card.name}/card.json, novelty: {len(novelty.mean)} strengths, but the graph has {seen.shape[1]}."
        )
    (row,) = beyond(novelty, trace.prediction.probabilities[None], seen)
    return Doubt(float(row[0]), float(row[1]))


def watched(network: Network) -> tuple[Stage, ...]:
    """Of each layer with maps the stage after its ReLU."""
    return tuple(stage for layer in network.layers if (stage := layer.shown_stage(None)))


def strengths(maps: Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
    """For each tensor (N, C, H, W) two logarithms: float64 (N, 2 × tensors)."""
    sizes = [np.abs(each) for each in maps]
    means = [each.mean((1, 2, 3), dtype=np.float64) for each in sizes]
    peaks = [each.max((2, 3)).mean(1, dtype=np.float64) for each in sizes]
    return np.log(np.stack([*means, *peaks], 1) + SILENT)


def entropy(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, classes) → (N,), in nats."""
    return np.asarray(-(probabilities * np.log(np.maximum(probabilities, np.finfo(float).tiny))).sum(1))


def distance(seen: NDArray[np.float64], mean: NDArray[np.float64], whitening: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mahalanobis distance: (N, F) → (N,)."""
    return np.asarray(np.linalg.norm((seen - mean) @ whitening, axis=1))


def beyond(novelty: Novelty, probabilities: NDArray[np.float64], seen: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, 2): unsure and unlike, as in `Doubt`. probabilities: (N, classes). seen: strengths (N, F)."""
    unlike = distance(seen, np.array(novelty.mean), np.array(novelty.whitening))
    return np.stack(
        [
            (entropy(probabilities) - novelty.unsure.value) / novelty.unsure.spread,
            (unlike - novelty.unlike.value) / novelty.unlike.spread,
        ],
        axis=1,
    )


def score(doubts: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, 2) → (N,): one order of pictures, the most foreign last; above 0 they are doubted.

    Unlike counts beyond its limit only: within it, how usual the strengths are says nothing of the class.
    """
    unsure, unlike = doubts.T
    return np.asarray(np.where(unlike > 0, np.maximum(unsure, unlike), unsure))
