"""Whether a map can be believed: does the answer go when the map's pixels go, and does the map depend on what was learned?

Deletion and insertion curves after Petsiuk, Das and Saenko (2018). The control is the same map moved to random places: as
smooth and as large as the map itself, but about something else. The network with its weights shuffled is the sanity check of
Adebayo et al. (2018).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from convoscope.graph.bake import bake
from convoscope.graph.reading import WEIGHTED, computing_nodes
from convoscope.graph.tap import tap
from convoscope.network import Network, open_session
from convoscope.why.question import Question, answers, chosen

CONTROLS = 19  # with as many, a map that means nothing beats all of them once in 20
CHANCE = 0.1  # a map that a random place equals more often than this is not clearly better


@dataclass(frozen=True)
class Curves:
    """shares: float64 (steps + 1,), 0-1, of the pixels that were changed, the map's highest first.

    deletion: the probability asked for (`question.chosen`) while these become 0 (`words.zero`). insertion: while they come into
    the blurred photo.
    """

    shares: NDArray[np.float64]
    deletion: NDArray[np.float64]
    insertion: NDArray[np.float64]

    @property
    def deletion_area(self) -> float:
        """Under the curve, 0-1: the smaller, the better the map."""
        return float(np.trapezoid(self.deletion, self.shares))

    @property
    def insertion_area(self) -> float:
        """Under the curve, 0-1: the larger, the better the map."""
        return float(np.trapezoid(self.insertion, self.shares))

    @property
    def merit(self) -> float:
        """−1 to 1: what insertion gains over deletion."""
        return self.insertion_area - self.deletion_area


@dataclass(frozen=True)
class Verdict:
    """curves: of the map. controls: of the same map at random places."""

    curves: Curves
    controls: tuple[Curves, ...]

    @property
    def beaten(self) -> int:
        """How many controls the map is better than."""
        return sum(self.curves.merit > control.merit for control in self.controls)

    @property
    def chance(self) -> float:
        """How often a map at a random place is as good: an exact rank test."""
        return (1 + len(self.controls) - self.beaten) / (1 + len(self.controls))

    @property
    def clearly_better(self) -> bool:
        return self.chance <= CHANCE

    @property
    def no_better_than_random(self) -> bool:
        """As good as most of the controls at best."""
        return self.beaten <= len(self.controls) / 2


@dataclass(frozen=True)
class Trial:
    """A photo, a network (a `lean` one is quicker) and a question, in which maps are tried. photo: float32 (1, C, S, S)."""

    network: Network
    photo: NDArray[np.float32]
    question: Question
    steps: int = 16

    def curves(self, values: NDArray[np.floating]) -> Curves:
        """values: (S, S), the higher the more important. Of equals the first come first."""
        side = self.photo.shape[-1]
        ranks = np.empty(side * side, np.intp)
        ranks[np.argsort(-values.reshape(-1), kind="stable")] = np.arange(side * side)
        counts = np.round(np.linspace(0, side * side, self.steps + 1))
        changed = ranks.reshape(side, side) < counts[:, None, None, None]  # (steps + 1, 1, S, S)
        deleted = np.where(changed, np.float32(0), self.photo)
        inserted = np.where(changed, self.photo, blurred(self.photo))
        logits = answers(self.network, np.concatenate([deleted, inserted]))
        rows = chosen(self.network, logits, self.question)
        return Curves(counts / side**2, rows[: len(counts)], rows[len(counts) :])

    def verdicts(self, values: NDArray[np.floating], controls: int = CONTROLS, seed: int = 0) -> Iterator[Verdict]:
        """The map's curves, then those of one control after the other: the last verdict counts."""
        verdict = Verdict(self.curves(values), ())
        yield verdict
        for control in moved(values, controls, seed):
            verdict = replace(verdict, controls=(*verdict.controls, self.curves(control)))
            yield verdict


def moved(values: NDArray[np.floating], count: int, seed: int = 0) -> Iterator[NDArray[np.floating]]:
    """The map (S, S) at random places, turned and mirrored at random; what leaves at one side comes in at the other."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        turned = np.rot90(values, int(rng.integers(4)))
        mirrored = turned if rng.integers(2) else turned[:, ::-1]
        down, across = rng.integers(values.shape)
        yield np.roll(mirrored, (int(down), int(across)), (0, 1))


def blurred(photo: NDArray[np.float32]) -> NDArray[np.float32]:
    """float32 (1, C, S, S), by a Gaussian so wide that only the colours of regions are left."""
    side = photo.shape[-1]
    distances = np.arange(side)[:, None] - np.arange(side)
    weights = np.exp(-(distances**2) / (2 * (side / 8) ** 2))
    weights /= weights.sum(1, keepdims=True)  # at the edges of what there is
    return np.asarray(weights @ photo @ weights.T, np.float32)


def shuffled(network: Network, seed: int = 0) -> Network:
    """The same network with the weights of each kernel and matrix in random order: it has forgotten all that it learned."""
    rng = np.random.default_rng(seed)
    fixed = network.constants
    source = {node.output[0]: node.input[0] for node in network.model.graph.node if node.op_type == "Identity"}
    nodes = [node for node in computing_nodes(network.model.graph) if node.op_type in WEIGHTED and node.input[1] in fixed]
    names = dict.fromkeys(source.get(node.input[1], node.input[1]) for node in nodes)
    model = bake(network.model, {**network.weights, **{name: rng.permuted(fixed[name]) for name in names}})
    session = open_session(tap(model), threads=1)
    return replace(network, read_model=lambda: model, session=session, weights={}, moment=f"{network.moment} shuffled {seed}")


def similarity(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    """Spearman's rank correlation of two maps, −1 to 1; 0 if one of them is the same everywhere."""
    ranks = [_ranks(values.reshape(-1)) for values in (one, other)]
    centred = [each - each.mean() for each in ranks]
    scale = float(np.sqrt((centred[0] ** 2).sum() * (centred[1] ** 2).sum()))
    return float((centred[0] * centred[1]).sum()) / scale if scale else 0.0


def _ranks(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Equals share the mean of their places."""
    _, where, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts - 1) / 2)[where])
