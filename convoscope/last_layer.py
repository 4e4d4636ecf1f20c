"""The dense layer that ends a network: what goes in, its weights, and what each input adds to a class's logit."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convoscope.evidence import dense
from convoscope.network import Network, Trace


@dataclass(frozen=True)
class LastLayer:
    """float64: features (F,), what goes in for one photo; weights (classes, F); bias (classes,)."""

    features: NDArray[np.float64]
    weights: NDArray[np.float64]
    bias: NDArray[np.float64]

    @property
    def logits(self) -> NDArray[np.float64]:
        """float64 (classes,): one score per class."""
        return np.asarray(self.weights @ self.features + self.bias)

    def contributions(self, index: int) -> NDArray[np.float64]:
        """float64 (F,): what each input adds to the logit of the class. With its bias they add up to it."""
        return np.asarray(self.weights[index] * self.features)


def last_layer(network: Network, trace: Trace) -> LastLayer | None:
    """None if the logits do not come from one dense layer of fixed weights."""
    nodes = {node.output[0]: node for node in network.model.graph.node}
    found = dense(network.logits_name, nodes, network.constants)
    if found is None:
        return None
    name, weights, bias = found
    values = trace.tensors[name]
    return LastLayer(values.astype(np.float64).reshape(-1), weights, bias)
