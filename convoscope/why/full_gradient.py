"""A score as a sum: the photo's part, and the part of every bias on the way. Srinivas and Fleuret (2019).

Every step y = f(x) of a network of convolutions, ReLU and pooling is linear where it stands: y = J x + offset. So the score is
input × gradient, added up over the photo, plus offset × gradient, added up over every step. Offsets are biases, the shifts of
batch normalisation, constants that are added; and where a Clip holds a value at its bound, that bound.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto

from convoscope.curves import CURVES
from convoscope.graph.reading import attribute, computing_nodes
from convoscope.network import Network
from convoscope.why.gradients import Gradients, open_gradients
from convoscope.why.pixels import on_pixels
from convoscope.why.question import Question


@dataclass(frozen=True)
class OffsetPart:
    """What the offset of one step adds to the score. tensor: that the step makes.

    values: float64 (H, W), summed over channels, or () where the step makes no maps.
    """

    tensor: str
    operator: str
    values: NDArray[np.float64]

    @property
    def has_place(self) -> bool:
        return self.values.ndim == 2

    @property
    def total(self) -> float:
        return float(self.values.sum())


@dataclass(frozen=True)
class FullGradient:
    """photo: float64 (C, S, S), input × gradient. parts: of all steps that have an offset, in the order of the graph.

    not_linear: operators on the way that are not linear where they stand; if there are any, the residual is more than rounding.
    magnitude: the sum of the magnitudes of all terms, beside which the residual is small.
    """

    score: float
    photo: NDArray[np.float64]
    parts: tuple[OffsetPart, ...]
    not_linear: tuple[str, ...]
    magnitude: float

    @property
    def residual(self) -> float:
        """What the terms miss of the score."""
        return self.score - float(self.photo.sum()) - sum(part.total for part in self.parts)

    @property
    def values(self) -> NDArray[np.float64]:
        """float64 (S, S): the photo's part and every part that has a place, spread over the pixels that its cells cover."""
        placed = self.photo.sum(0)
        for part in self.parts:
            if part.has_place:
                placed = placed + on_pixels(part.values, len(placed))
        return np.asarray(placed)

    @property
    def without_place(self) -> float:
        """What parts without a place, such as the bias of a dense step, add to the score."""
        return sum(part.total for part in self.parts if not part.has_place)


@dataclass(frozen=True)
class FullGradients:
    """Opened once for a network."""

    gradients: Gradients
    steps: tuple[NodeProto, ...]
    not_linear: tuple[str, ...]

    def of(self, photo: NDArray[np.float32], question: Question) -> FullGradient:
        """photo: float32 (1, C, S, S), in which 0 is what `words.zero` says: the bar starts from there."""
        network = self.gradients.network
        found = self.gradients.of(photo, question)
        fixed = network.constants
        terms = [photo[0].astype(np.float64) * found.photo[0]]
        parts = []
        for node in self.steps:
            gradient = found.gradients[node.output[0]].astype(np.float64)
            term = (OFFSETS[node.op_type](Made(node, fixed, found.values, gradient.ndim)) * gradient)[0]
            terms.append(term)
            parts.append(OffsetPart(node.output[0], node.op_type, np.asarray(term.sum(0) if term.ndim == 3 else term.sum())))
        magnitude = float(sum(np.abs(term).sum() for term in terms))
        return FullGradient(float(found.scores[0]), terms[0], tuple(parts), self.not_linear, magnitude)


def open_full_gradients(network: Network) -> FullGradients:
    """Raises GradientError if an operator on the way has no rule, naming it."""
    fixed = network.constants
    nodes = _leading_to_logits(network)
    steps = tuple(node for node in nodes if _has_offset(node, fixed))
    made = {node.output[0] for node in nodes}
    clipped = [node.input[0] for node in steps if node.op_type == "Clip" and node.input[0] in made]
    gradients = open_gradients(network, list(dict.fromkeys([*(node.output[0] for node in steps), *clipped])))
    return FullGradients(gradients, steps, tuple(node.op_type for node in nodes if not _is_linear(node, fixed)))


@dataclass(frozen=True)
class Made:
    """A step, the constants of the graph, the values of this run, and how many axes the step's output has."""

    node: NodeProto
    fixed: Mapping[str, NDArray[Any]]
    values: Mapping[str, NDArray[np.float32]]
    rank: int

    def per_channel(self, offset: NDArray[Any]) -> NDArray[Any]:
        return offset.reshape(1, -1, *(1 for _ in range(self.rank - 2)))


def _convolution(made: Made) -> NDArray[Any]:
    """b"""
    return made.per_channel(made.fixed[made.node.input[2]])


def _dense(made: Made) -> NDArray[Any]:
    """βC"""
    return np.asarray(made.fixed[made.node.input[2]] * attribute(made.node, "beta", 1.0))


def _normalisation(made: Made) -> NDArray[Any]:
    """bias − scale · mean / √(variance + ε)"""
    scale, bias, mean, variance = (made.fixed[name].astype(np.float64) for name in made.node.input[1:5])
    return made.per_channel(bias - scale * mean / np.sqrt(variance + attribute(made.node, "epsilon", 1e-5)))


def _added(made: Made) -> NDArray[Any]:
    """The constant"""
    return next(made.fixed[name] for name in made.node.input if name in made.fixed)


def _taken_off(made: Made) -> NDArray[Any]:
    """The constant, or what is left if it is the one that is taken off"""
    minuend, subtrahend = made.node.input
    return made.fixed[minuend] if minuend in made.fixed else -made.fixed[subtrahend]


def _clip(made: Made) -> NDArray[Any]:
    """The bound, where it holds a value"""
    x, y = made.values[made.node.input[0]], made.values[made.node.output[0]]
    return np.where(y == x, 0, y)


OFFSETS: dict[str, Callable[[Made], NDArray[Any]]] = {
    "Conv": _convolution,
    "Gemm": _dense,
    "BatchNormalization": _normalisation,
    "Add": _added,
    "Sub": _taken_off,
    "Clip": _clip,
}


def _has_offset(node: NodeProto, fixed: Collection[str]) -> bool:
    if node.op_type in ("Conv", "Gemm"):
        return any(name in fixed for name in node.input[2:])
    if node.op_type in ("Add", "Sub"):
        return any(name in fixed for name in node.input)
    return node.op_type in OFFSETS


def _is_linear(node: NodeProto, fixed: Collection[str]) -> bool:
    """Where it stands: a ReLU is, a softmax is not, nor is a product of two tensors that both depend on the photo."""
    if node.op_type in ("Mul", "MatMul", "Gemm"):
        return any(name in fixed for name in node.input[:2])
    if node.op_type == "Div":
        return node.input[1] in fixed
    return node.op_type not in ("Softmax", "LayerNormalization", *CURVES)


def _leading_to_logits(network: Network) -> list[NodeProto]:
    needed, nodes = {network.logits_name}, []
    for node in reversed(list(computing_nodes(network.model.graph))):
        if node.output[0] in needed:
            needed.update(node.input)
            nodes.append(node)
    return nodes[::-1]
