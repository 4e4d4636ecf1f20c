"""The first convolution, the first nonlinearity and the first pooling of a network, each with what goes in and what comes out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convoscope.graph.operators import NONLINEARITIES
from convoscope.graph.reading import attribute, step_of
from convoscope.kernels import kernels
from convoscope.layers import Stage, nonlinearity_end
from convoscope.network import Network, Trace
from convoscope.operations import Window
from convoscope.prepare import Prepared
from convoscope.window import axes

_MADE_OF = {"Sigmoid": "SiLU", "HardSigmoid": "HardSwish", "Softplus": "Mish", "Erf": "Gelu"}  # by their first operator
_POOLS = frozenset({"MaxPool", "AveragePool"})


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
class Nonlinearity:
    """ReLU, or what a network has in its place. operator: as in the graph, 'SiLU' or 'Mish'. before, after: float32 (C, H, W)."""

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
    node = step_of(network.model.graph, layer.name)
    photo = prepared.tensor[0]
    if weights is None or node.input[0] != network.session.get_inputs()[0].name or weights.shape[1] != len(photo):
        return None
    fixed = network.constants
    bias = fixed[node.input[2]] if any(node.input[2:]) else np.zeros(len(weights), np.float32)
    stage = next(stage for stage in layer.stages if stage.tensor == layer.name)
    after = trace.values(stage)
    return Convolution(stage, photo, weights, bias, axes(node, weights.shape[2:], photo.shape[1:], after.shape[1:]), after)


def first_nonlinearity(network: Network, trace: Trace, operators: frozenset[str] = NONLINEARITIES) -> Nonlinearity | None:
    """None if no nonlinearity, by one of the operators, follows another step's maps."""
    for layer in network.layers:
        for at, stage in enumerate(layer.stages):
            if stage.operator in operators and stage.is_maps:
                found = _nonlinearity(network, trace, stage, layer.stages[nonlinearity_end(layer.stages, at)])
                if found:
                    return found
    return None


def _nonlinearity(network: Network, trace: Trace, first: Stage, last: Stage) -> Nonlinearity | None:
    """From its first to its last step; None for the gate of other maps."""
    taken, name = step_of(network.model.graph, first.tensor).input[0], first.operator
    if first.operator == "Erf":
        taken = next((each for each in step_of(network.model.graph, taken).input if each not in network.constants), "")
    elif first is not last and taken not in step_of(network.model.graph, last.tensor).input:
        return None
    if first is not last:
        name = _MADE_OF[first.operator]
    before = _maps(trace, taken)
    return None if before is None or name == "Erf" else Nonlinearity(name, last, before, trace.values(last))


def first_pooling(network: Network, trace: Trace) -> Pooling | None:
    """None if no pooling in windows follows another step's maps."""
    for stage in network.stages:
        if stage.operator in _POOLS and stage.is_maps:
            node = step_of(network.model.graph, stage.tensor)
            before = _maps(trace, node.input[0])
            if before is not None:
                window = axes(node, attribute(node, "kernel_shape", ()), before.shape[1:], stage.shape[1:])
                return Pooling(stage.operator, stage, before, window, trace.values(stage))
    return None


def _maps(trace: Trace, tensor: str) -> NDArray[np.float32] | None:
    """None if another step than one with maps makes the tensor."""
    return next((each.values for each in trace.activations if each.stage.tensor == tensor and each.stage.is_maps), None)
