"""Functions of one number that are no straight lines: what networks put in the place of ReLU."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto

from convoscope.graph.reading import attribute


@dataclass(frozen=True)
class Curve:
    """operator: that computes it. a, b: its settings, in the order of the operator's definition."""

    operator: str
    a: float = 0.0
    b: float = 0.0

    def __call__(self, given: float) -> float:
        return float(CURVES[self.operator](np.float64(given), self.a, self.b))


Function = Callable[[NDArray[np.float64] | np.float64, float, float], NDArray[np.float64] | np.float64]

_erf = np.vectorize(math.erf, otypes=[np.float64])

CURVES: dict[str, Function] = {
    "Sigmoid": lambda x, _a, _b: 1 / (1 + np.exp(-x)),
    "Tanh": lambda x, _a, _b: np.tanh(x),
    "HardSigmoid": lambda x, a, b: np.clip(a * x + b, 0, 1),
    "HardSwish": lambda x, _a, _b: x * np.clip(x / 6 + 0.5, 0, 1),
    "Elu": lambda x, a, _b: np.where(x < 0, a * np.expm1(np.minimum(x, 0)), x),
    "Gelu": lambda x, a, _b: x / 2 * (1 + (np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)) if a else _erf(x / np.sqrt(2)))),
    "Erf": lambda x, _a, _b: _erf(x),
    "Softplus": lambda x, _a, _b: np.logaddexp(0, x),
    "Sqrt": lambda x, _a, _b: np.sqrt(x),
}
_SETTINGS = {"HardSigmoid": {"alpha": 0.2, "beta": 0.5}, "Elu": {"alpha": 1.0}}


def curve_of(node: NodeProto) -> Curve:
    """For a node whose operator is one of `CURVES`. a of a Gelu: 1 for its approximation by tanh."""
    if node.op_type == "Gelu":
        return Curve("Gelu", float(attribute(node, "approximate", b"none") == b"tanh"))
    settings = _SETTINGS.get(node.op_type, {}).items()
    return Curve(node.op_type, *(float(attribute(node, name, default)) for name, default in settings))
