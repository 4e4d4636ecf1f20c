"""Two photos side by side: where the network goes different ways with them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convoscope.layers import Stage
from convoscope.network import Trace


@dataclass(frozen=True)
class StagePair:
    """one, other: float32 (C, H, W) or (F,), what a stage makes of two photos."""

    stage: Stage
    one: NDArray[np.float32]
    other: NDArray[np.float32]

    @property
    def difference(self) -> NDArray[np.float32]:
        """one − other, cell by cell."""
        return self.one - self.other

    @property
    def distances(self) -> NDArray[np.float64]:
        """float64 (C,) or (F,): the root of the mean squared difference of each map."""
        flat = self.difference.reshape(len(self.one), -1).astype(np.float64)
        return np.asarray(np.sqrt((flat**2).mean(1)))

    @property
    def leaning(self) -> NDArray[np.float64]:
        """float64 (C,) or (F,): by how much a channel responds more, on average, to the first than to the second."""
        return np.asarray(self.difference.reshape(len(self.one), -1).mean(1, dtype=np.float64))

    @property
    def ranked(self) -> tuple[int, ...]:
        """The channels, the one whose maps differ most first."""
        return tuple(int(channel) for channel in np.argsort(-self.distances, kind="stable"))

    @property
    def share(self) -> float:
        """How different the stage finds them, 0-1: the length of the difference beside the lengths of both."""
        lengths = sum(float(np.linalg.norm(each)) for each in (self.one, self.other))
        return float(np.linalg.norm(self.difference)) / lengths if lengths else 0.0


@dataclass(frozen=True)
class Pair:
    """Traces of two photos through one network."""

    one: Trace
    other: Trace

    @property
    def stages(self) -> tuple[StagePair, ...]:
        """In the order of the graph."""
        both = zip(self.one.activations, self.other.activations, strict=True)
        return tuple(StagePair(one.stage, one.values, other.values) for one, other in both)

    def at(self, stage: Stage) -> StagePair:
        """stage: of the network that both went through."""
        return next(pair for pair in self.stages if pair.stage == stage)

    @property
    def gains(self) -> NDArray[np.float64]:
        """float64 (classes,): how much more probable each class is for the first."""
        return np.asarray(self.one.prediction.probabilities - self.other.prediction.probabilities)
