"""A traced network → how each channel of each stage was computed, read from the graph."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto

from convoscope.arithmetic import Largest, Moved, Pointwise, Recipe, Softmax, Source, Unary, Weighted
from convoscope.cached import cached_property
from convoscope.curves import CURVES, curve_of
from convoscope.graph.reading import AVERAGES, GraphError, attribute, averaged_axes, computing_nodes, input_name
from convoscope.layers import Stage
from convoscope.network import Network, Trace
from convoscope.prepare import Prepared
from convoscope.window import Axis, axes, whole

_PASSES_ON = frozenset({"Identity", "Dropout", "Flatten", "Reshape"})


@dataclass(frozen=True)
class Normalisation:
    """Of one channel: (x − mean) / deviation × gain + shift.

    mean, deviation: as counted in training; None where they are taken over all channels in each place. deviation: the root of
    the variance and the epsilon that is added to it.
    """

    gain: float
    shift: float
    mean: float | None
    deviation: float | None


@dataclass(frozen=True)
class Workings:
    """Everything one network computed for one photo, with how it did."""

    network: Network
    prepared: Prepared
    trace: Trace

    @cached_property
    def input(self) -> str:
        return input_name(self.network.model.graph)

    @cached_property
    def tensors(self) -> dict[str, NDArray[np.float32]]:
        """By name, without the batch axis; the input too."""
        return {self.input: self.prepared.tensor[0], **self.trace.tensors}

    @cached_property
    def _nodes(self) -> dict[str, NodeProto]:
        return {node.output[0]: node for node in computing_nodes(self.network.model.graph)}

    @cached_property
    def _fixed(self) -> dict[str, NDArray[Any]]:
        return self.network.constants

    def maps(self, tensor: str) -> NDArray[np.float32]:
        """(C, H, W); numbers without a place are maps of 1 × 1."""
        values = self.tensors[tensor]
        return values if values.ndim == 3 else values.reshape(-1, 1, 1)

    def recipe(self, stage: Stage, channel: int) -> Recipe:
        """How a channel of a stage is computed. Raises GraphError if its operator works in a way that has no picture."""
        node, values = self._nodes[stage.tensor], self.maps(stage.tensor)[channel]
        taken = next(name for name in node.input if name in self.tensors)
        if node.op_type == "Conv" and self.tensors[taken].ndim == 3:
            return self._convolution(node, channel, values)
        if node.op_type in ("Gemm", "MatMul") and self.tensors[taken].ndim == values.ndim - 1:
            return self._dense(node, channel, values)
        if node.op_type in ("MaxPool", "AveragePool") and self.tensors[taken].ndim == 3:
            return self._pooling(node, channel, values)
        if self._averages_over(node, {2, 3}):
            return self._average(taken, channel, values)
        if self._averages_over(node, {1}) and stage.shape == (1, *self.tensors[taken].shape[1:]):
            return self._mean_of_channels(taken, values)
        if node.op_type in ("Add", "Sub", "Mul", "BatchNormalization", "LayerNormalization") or (
            node.op_type == "Div" and node.input[0] in self.tensors
        ):
            return self._pointwise(node, channel, values)
        if node.op_type in CURVES:
            source = Source(taken, channel)
            return Unary(source, self.maps(taken)[channel], 1.0, -np.inf, np.inf, values, curve_of(node))
        if node.op_type in ("Relu", "LeakyRelu", "PRelu", "Clip", "Identity", "Dropout"):
            return self._unary(node, channel, values)
        if node.op_type == "Reshape" and stage.shape == self.tensors[taken].shape:
            return self._passed(Source(taken, channel), values)
        if node.op_type == "Pad":
            return self._padded(node, channel, values)
        if node.op_type == "Gather":
            return self._passed(Source(taken, int(self._fixed[node.input[1]][channel])), values)
        if node.op_type == "Concat" and attribute(node, "axis", 1) in (1, -3):
            return self._joined(node, channel, values)
        if node.op_type in ("Flatten", "Reshape") and stage.shape == (self.tensors[taken].size,):
            index, row, column = np.unravel_index(channel, self.maps(taken).shape)
            return Moved(Source(taken, int(index)), self.maps(taken)[index], (int(row), int(column)), values)
        if node.op_type == "Softmax" and self.tensors[taken].ndim == 1:
            return Softmax(Source(taken, channel), self.tensors[taken], channel, values)
        raise GraphError(f"{stage.tensor}: {stage.title} of {self.tensors[taken].shape} numbers")

    def normalisation(self, stage: Stage, channel: int) -> Normalisation | None:
        node = self._nodes[stage.tensor]
        if node.op_type not in ("BatchNormalization", "LayerNormalization"):
            return None
        gain, shift, *counted = (float(self._fixed[name].ravel()[channel]) for name in node.input[1:5])
        mean, variance = counted or (None, None)
        epsilon = float(attribute(node, "epsilon", 1e-5))
        return Normalisation(gain, shift, mean, None if variance is None else float(np.sqrt(variance + epsilon)))

    def multiplier(self, stage: Stage) -> str | None:
        """The tensor whose values the step's factors are, or what it divides by; None if it has none."""
        node = self._nodes[stage.tensor]
        others = [name for name in node.input if name in self.tensors][1:]
        return others[0] if node.op_type in ("Mul", "Div") and others else None

    def squares(self, stage: Stage) -> bool:
        """Whether it multiplies a tensor with itself."""
        node = self._nodes[stage.tensor]
        return node.op_type == "Mul" and node.input[0] == node.input[1]

    def pictures(self, recipe: Recipe) -> NDArray[np.float32] | None:
        """The maps (N, H, W) that a dense step's numbers are averages of; None if it has none or works on maps itself."""
        if not isinstance(recipe, Weighted) or recipe.maps.shape[1:] != (1, 1):
            return None
        found = self._origin(recipe.sources[0].tensor)
        return self.maps(found) if found != recipe.sources[0].tensor and len(self.maps(found)) == len(recipe.maps) else None

    def _convolution(self, node: NodeProto, channel: int, values: NDArray[np.float32]) -> Weighted:
        taken, weights = self.maps(node.input[0]), self._fixed[node.input[1]]
        each, group = weights.shape[1], channel // (len(weights) // int(attribute(node, "group", 1)))
        part = range(group * each, (group + 1) * each)
        bias = float(self._fixed[node.input[2]][channel]) if any(node.input[2:]) else 0.0
        rows, columns = axes(node, weights.shape[2:], taken.shape[1:], self.tensors[node.output[0]].shape[1:])
        sources = tuple(Source(node.input[0], index) for index in part)
        kernels = weights[channel].astype(np.float64)
        return Weighted(sources, taken[part.start : part.stop], kernels, bias, rows, columns, "nothing", values)

    def _dense(self, node: NodeProto, index: int, values: NDArray[np.float32]) -> Weighted:
        weights, bias = self._fixed[node.input[1]].astype(np.float64), 0.0
        if node.op_type == "Gemm":
            weights = (weights.T if attribute(node, "transB", 0) else weights) * float(attribute(node, "alpha", 1.0))
            if any(node.input[2:]):
                added = np.broadcast_to(self._fixed[node.input[2]], (1, weights.shape[1]))
                bias = float(added[0, index]) * float(attribute(node, "beta", 1.0))
        origin = self._origin(node.input[0], through_averages=False)
        maps = self.maps(origin)
        kernels = weights[:, index].reshape(maps.shape)
        rows, columns = whole(*maps.shape[1:])
        sources = tuple(Source(origin, each) for each in range(len(maps)))
        return Weighted(sources, maps, kernels, bias, rows, columns, "nothing", values)

    def _origin(self, tensor: str, through_averages: bool = True) -> str:
        """The tensor whose values, or averages, this one holds in another shape."""
        while tensor in self._nodes:
            node = self._nodes[tensor]
            averages = through_averages and self._averages_over(node, {2, 3})
            if node.op_type not in _PASSES_ON and not averages:
                break
            tensor = node.input[0]
        return tensor

    def _pooling(self, node: NodeProto, channel: int, values: NDArray[np.float32]) -> Largest | Weighted:
        name, kernel = node.input[0], attribute(node, "kernel_shape", ())
        taken = self.maps(name)[channel]
        rows, columns = axes(node, kernel, taken.shape, values.shape)
        if node.op_type == "MaxPool":
            return Largest(Source(name, channel), taken, rows, columns, values)
        counts = "all" if attribute(node, "count_include_pad", 0) else "inside"
        return self._mean(Source(name, channel), (rows, columns), counts, values)

    def _average(self, name: str, channel: int, values: NDArray[np.float32]) -> Weighted:
        return self._mean(Source(name, channel), whole(*self.maps(name).shape[1:]), "all", values)

    def _mean_of_channels(self, name: str, values: NDArray[np.float32]) -> Weighted:
        maps = self.maps(name)
        sources = tuple(Source(name, channel) for channel in range(len(maps)))
        rows, columns = (Axis(size, 1) for size in maps.shape[1:])
        shares = np.full((len(maps), 1, 1), 1 / len(maps))
        return Weighted(sources, maps, shares, 0.0, rows, columns, "nothing", values)

    def _mean(self, source: Source, window: tuple[Axis, Axis], counts: Any, values: NDArray[np.float32]) -> Weighted:
        rows, columns = window
        ones = np.ones((1, rows.kernel, columns.kernel))
        maps = self.maps(source.tensor)[source.channel][None]
        return Weighted((source,), maps, ones, 0.0, rows, columns, counts, values)

    def _padded(self, node: NodeProto, channel: int, values: NDArray[np.float32]) -> Weighted:
        before, after = self._fixed[node.input[1]].reshape(2, 4)[:, 2:].tolist()
        maps = self.maps(node.input[0])[channel][None]
        rows, columns = (
            Axis(size, 1, before=first, after=last) for size, first, last in zip(maps.shape[1:], before, after, strict=True)
        )
        return Weighted((Source(node.input[0], channel),), maps, np.ones((1, 1, 1)), 0.0, rows, columns, "nothing", values)

    def _pointwise(self, node: NodeProto, channel: int, values: NDArray[np.float32]) -> Pointwise:
        if node.op_type == "BatchNormalization":
            gain, shift, mean, spread = (self._fixed[name].astype(np.float64)[channel] for name in node.input[1:5])
            factor = gain / np.sqrt(spread + float(attribute(node, "epsilon", 1e-5)))
            return self._added(node.input[:1], channel, values, factor, shift - mean * factor)
        if node.op_type == "LayerNormalization":
            taken = self.maps(node.input[0]).astype(np.float64)
            gain, shift = (self._fixed[name].astype(np.float64).ravel()[channel] for name in node.input[1:3])
            steepness = gain / np.sqrt(taken.var(0) + float(attribute(node, "epsilon", 1e-5)))
            offset = shift - taken.mean(0) * steepness
            return self._added(node.input[:1], channel, values, steepness, offset, np.abs(steepness * taken).max(0))
        computed = [name for name in node.input if name in self.tensors]
        if node.op_type in ("Mul", "Div"):
            other = node.input[1] if node.input[0] == computed[0] else node.input[0]
            factor = self._operand(other, node, channel, values)
            return self._added(computed[:1], channel, values, factor if node.op_type == "Mul" else 1 / factor, None)
        signed = list(zip(node.input, (1.0, -1.0 if node.op_type == "Sub" else 1.0), strict=True))
        factors = np.array([sign for name, sign in signed if name in self.tensors])[:, None, None]
        fixed = (sign * self._operand(name, node, channel, values) for name, sign in signed if name not in self.tensors)
        offset = sum(fixed, np.zeros(values.shape)) if len(computed) < len(signed) else None
        return self._added(computed, channel, values, factors, offset)

    def _added(
        self,
        names: Sequence[str],
        channel: int,
        values: NDArray[np.float32],
        factors: NDArray[np.float64] | float,
        offset: NDArray[np.float64] | float | None,
        cancelled: NDArray[np.float64] | float = 0.0,
    ) -> Pointwise:
        maps = np.stack([np.broadcast_to(self._channel(name, channel), values.shape) for name in names])
        sources = tuple(Source(name, min(channel, len(self.maps(name)) - 1)) for name in names)
        everywhere, gone = (np.broadcast_to(0.0 if each is None else each, values.shape) for each in (offset, cancelled))
        return Pointwise(sources, maps, np.broadcast_to(factors, maps.shape), everywhere, offset is not None, values, gone)

    def _channel(self, name: str, channel: int) -> NDArray[np.float32]:
        maps = self.maps(name)
        return np.asarray(maps[channel if len(maps) > 1 else 0])

    def _operand(self, name: str, node: NodeProto, channel: int, values: NDArray[np.float32]) -> NDArray[np.float64]:
        """The other operand of a sum or product, on this channel: float64 (H, W)."""
        if name in self.tensors:
            return np.broadcast_to(self._channel(name, channel), values.shape).astype(np.float64)
        shape = self.tensors[node.output[0]].shape
        full = np.broadcast_to(self._fixed[name].astype(np.float64), (1, *shape))[0]
        return np.asarray(full.reshape(-1, *values.shape)[channel])

    def _unary(self, node: NodeProto, channel: int, values: NDArray[np.float32]) -> Unary:
        slope, low, high = 1.0, -np.inf, np.inf
        if node.op_type == "Relu":
            slope = 0.0
        elif node.op_type == "LeakyRelu":
            slope = float(attribute(node, "alpha", 0.01))
        elif node.op_type == "PRelu":
            slope = float(self._operand(node.input[1], node, channel, values).flat[0])
        elif node.op_type == "Clip":
            low = self._bound(node, 1, "min", -np.inf)
            high = self._bound(node, 2, "max", np.inf)
        name = node.input[0]
        return Unary(Source(name, channel), self.maps(name)[channel], slope, low, high, values)

    def _bound(self, node: NodeProto, at: int, name: str, default: float) -> float:
        if len(node.input) > at and node.input[at]:
            return float(self._fixed[node.input[at]])
        return float(attribute(node, name, default))

    def _joined(self, node: NodeProto, channel: int, values: NDArray[np.float32]) -> Unary:
        name, index = [(name, index) for name in node.input for index in range(len(self.maps(name)))][channel]
        return self._passed(Source(name, index), values)

    def _passed(self, source: Source, values: NDArray[np.float32]) -> Unary:
        """As it is."""
        return Unary(source, self.maps(source.tensor)[source.channel], 1.0, -np.inf, np.inf, values)

    def _averages_over(self, node: NodeProto, over: set[int]) -> bool:
        """Whether it averages maps, over these of their axes (N, C, H, W)."""
        if node.op_type not in AVERAGES or self.tensors[node.input[0]].ndim != 3:
            return False
        return averaged_axes(node, self._fixed, 4) == over
