"""Which positions spoke for a class: exact where what follows the last maps is linear.

With average pooling or flattening before one dense layer, a logit is the sum over positions of a weighted sum of the last
maps' channels, plus the bias: the class activation map of Zhou et al. (2016), here with its sum kept exact.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto

from convoscope.graph.reading import AVERAGES, attribute, averaged_axes
from convoscope.layers import Stage
from convoscope.network import Network, Trace

_PASS_THROUGH = frozenset({"Flatten", "Reshape", "Identity", "Dropout"})


@dataclass(frozen=True)
class Evidence:
    """values: float64 (H, W), what each position of the last maps adds to the logit. Their sum plus the bias is the logit."""

    class_index: int
    values: NDArray[np.float64]
    bias: float

    @property
    def logit(self) -> float:
        return float(self.values.sum()) + self.bias


@dataclass(frozen=True)
class LinearHead:
    """The tail of a network: logits = weights · maps + bias. weights: float64 (classes, C, H, W)."""

    stage: Stage
    weights: NDArray[np.float64]
    bias: NDArray[np.float64]

    def evidence(self, trace: Trace, class_index: int) -> Evidence:
        maps = trace.values(self.stage).astype(np.float64)
        values = (self.weights[class_index] * maps).sum(0)
        return Evidence(class_index, values, float(self.bias[class_index]))


def linear_head(network: Network) -> LinearHead | None:
    """The linear tail after the last maps, or None if something between them and the logits is not linear."""
    nodes = {node.output[0]: node for node in network.model.graph.node}
    stages = {stage.tensor: stage for stage in network.stages}
    fixed = network.constants
    classes = len(network.card.classes)
    name, weights, bias = dense(network.logits_name, nodes, fixed) or (network.logits_name, np.eye(classes), np.zeros(classes))
    averaged = False
    while name in nodes and (name not in stages or not stages[name].is_maps):
        node = nodes[name]
        if node.op_type in AVERAGES and averaged_axes(node, fixed, 4) == {2, 3}:
            averaged = True
        elif node.op_type not in _PASS_THROUGH:
            return None
        name = node.input[0]
    if name not in stages:
        return None
    channels, height, width = stages[name].shape
    if averaged:
        spread = np.broadcast_to(weights[:, :, None, None] / (height * width), (len(weights), channels, height, width))
        return LinearHead(stages[name], spread, bias)
    return LinearHead(stages[name], weights.reshape(-1, channels, height, width), bias)


def dense(
    name: str, nodes: dict[str, NodeProto], fixed: dict[str, NDArray[Any]]
) -> tuple[str, NDArray[np.float64], NDArray[np.float64]] | None:
    """What goes into the last dense step, its weights (classes, F) and its bias (classes,)."""
    node, bias = nodes[name], np.zeros(1)
    if node.op_type == "Add":
        added = next((fixed[each] for each in node.input if each in fixed), None)
        before = next((each for each in node.input if each in nodes), None)
        if added is None or before is None or nodes[before].op_type != "MatMul":
            return None
        node, bias = nodes[before], added.astype(np.float64).reshape(-1)
    if node.op_type not in ("Gemm", "MatMul") or any(each and each not in fixed for each in node.input[1:]):
        return None
    weights = fixed[node.input[1]].astype(np.float64)
    if node.op_type == "Gemm":
        weights = weights * float(attribute(node, "alpha", 1.0))
        if any(node.input[2:]):
            bias = fixed[node.input[2]].astype(np.float64).reshape(-1) * float(attribute(node, "beta", 1.0))
        if attribute(node, "transB", 0):
            weights = weights.T
    return node.input[0], weights.T, np.broadcast_to(bias, weights.shape[1])
