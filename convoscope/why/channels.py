"""Which channels of the last maps spoke for an answer, and which against it: exact where all that follows is linear."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convoscope.evidence import LinearHead
from convoscope.network import Trace
from convoscope.why.question import Question


@dataclass(frozen=True)
class Speakers:
    """values: float64 (C, H, W), what each cell of the last maps adds to the score. With the bias they sum to it."""

    values: NDArray[np.float64]
    bias: float

    @property
    def map(self) -> NDArray[np.float64]:
        """float64 (H, W), over all channels."""
        return np.asarray(self.values.sum(0))

    @property
    def totals(self) -> NDArray[np.float64]:
        """float64 (C,), over all positions."""
        return np.asarray(self.values.sum((1, 2)))

    @property
    def score(self) -> float:
        return float(self.values.sum()) + self.bias

    @property
    def pro(self) -> tuple[int, ...]:
        """The channels that speak for it, the loudest first."""
        return tuple(int(each) for each in np.argsort(-self.totals, kind="stable") if self.totals[each] > 0)

    @property
    def contra(self) -> tuple[int, ...]:
        """The channels that speak against it, the loudest first."""
        return tuple(int(each) for each in np.argsort(self.totals, kind="stable") if self.totals[each] < 0)


def speakers(head: LinearHead, trace: Trace, question: Question) -> Speakers:
    """trace: of the network that the head is of. With a class against another, the difference of their weights counts."""
    weights = question.weights(len(head.bias)).astype(np.float64)
    asked = np.flatnonzero(weights)
    values = np.tensordot(weights[asked], head.weights[asked], 1) * trace.values(head.stage)
    return Speakers(values, float(weights @ head.bias))
