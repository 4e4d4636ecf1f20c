"""The first convolution, the first bend and the first pooling of a network, each with what goes in and what comes out."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto

from convoscope.graph.operators import BENDS, GATES
from convoscope.graph.reading import attribute, computing_nodes
from convoscope.kernels import kernels
from convoscope.layers import Stage
from convoscope.network import Network, Trace
from convoscope.operations import Window
from convoscope.prepare import Prepared
from convoscope.window import axes

POOLS = frozenset({"MaxPool", "AveragePool"})


@dataclass(frozen=True)
class Convolution:
    """before: float32 (C, H, W). kernels: float32 (N, C, h, w). bias: float32 (N,). after: float32 (N, rows, columns)."""

    stage: Stage
    before: NDArray[np.float32]
    kernels: NDArray[np.float32]
    bias: NDArray[np.float32]
    window: Window
    after: NDArray[np.float32]


@dataclass(frozen=True)
class Bend:
    """ReLU, or what a network has in its place. operator: as in the graph, or 'SiLU'. before, after: float32 (C, H, W)."""

    operator: str
    stage: Stage
    before: NDArray[np.float32]
    after: NDArray[np.float32]


@dataclass(frozen=True)
class Pooling:
    """operator: 'MaxPool' or 'AveragePool'. before, after: float32 (C, H, W)."""

    operator: str
    stage: Stage
    before: NDArray[np.float32]
    window: Window
    after: NDArray[np.float32]


def first_convolution(network: Network, prepared: Prepared, trace: Trace) -> Convolution | None:
    """None if the first layer is no convolution, or none that looks at the photo itself, all its channels at once."""
    layer = network.layers[0]
    weights = kernels(network, layer)
    node = _node(network, layer.name)
    photo = prepared.tensor[0]
    if weights is None or node.input[0] != network.session.get_inputs()[0].name or weights.shape[1] != len(photo):
        return None
    fixed = network.constants
    bias = fixed[node.input[2]] if any(node.input[2:]) else np.zeros(len(weights), np.float32)
    stage = next(stage for stage in layer.stages if stage.tensor == layer.name)
    after = trace.values(stage)
    return Convolution(stage, photo, weights, bias, axes(node, weights.shape[2:], photo.shape[1:], after.shape[1:]), after)


def first_bend(network: Network, trace: Trace) -> Bend | None:
    """None if no step that bends follows another step's maps."""
    for stage, before in _with_input(network, trace, BENDS):
        product = _product(network, stage)
        if product is None:
            return Bend(stage.operator, stage, before, trace.values(stage))
        if stage.operator == "Sigmoid" and _node(network, stage.tensor).input[0] in _node(network, product.tensor).input:
            return Bend("SiLU", product, before, trace.values(product))
    return None


def first_pooling(network: Network, trace: Trace) -> Pooling | None:
    """None if no pooling in windows follows another step's maps."""
    for stage, before in _with_input(network, trace, POOLS):
        node = _node(network, stage.tensor)
        window = axes(node, attribute(node, "kernel_shape", ()), before.shape[1:], stage.shape[1:])
        return Pooling(stage.operator, stage, before, window, trace.values(stage))
    return None


def _with_input(network: Network, trace: Trace, operators: frozenset[str]) -> Iterator[tuple[Stage, NDArray[np.float32]]]:
    """The stages of these operators between maps, each with the maps that go in."""
    known = {each.stage.tensor: each.values for each in trace.activations if each.stage.is_maps}
    for stage in network.stages:
        if stage.operator in operators and stage.is_maps:
            before = known.get(_node(network, stage.tensor).input[0])
            if before is not None:
                yield stage, before


def _product(network: Network, stage: Stage) -> Stage | None:
    """What a sigmoid is multiplied into: with its own input it is a SiLU, with other maps a gate."""
    if stage.operator not in GATES:
        return None
    products = (each for each in network.stages if each.operator == "Mul")
    return next((each for each in products if stage.tensor in _node(network, each.tensor).input), None)


def _node(network: Network, tensor: str) -> NodeProto:
    return next(node for node in computing_nodes(network.model.graph) if node.output[0] == tensor)
