"""How much each channel of the tensors before it contributes to a channel, for one photo.

A convolution or dense step adds up, at each position of an output channel, one number per input channel: the part of the
weighted sum that this input gives. The weight of an input is the sum of the magnitudes of these numbers over all positions, as
a share of the sum over all inputs. Its net is the same without taking magnitudes, so that its sign says whether the input
drives the channel or holds it back. Of maps of more than MOST_ROWS rows or columns, evenly spread positions are counted, which
bounds the time that large pictures take. Biases belong to no input. Steps that work on each channel alone (ReLU, pooling,
normalisation …) hand weights on. Where two tensors are added or multiplied, each has the share of its mean magnitude.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from onnx import NodeProto

from convoscope.graph.reading import WEIGHTED, attribute, averaged_axes, computing_nodes
from convoscope.network import Network
from convoscope.window import axes

_NOT_ALONE = WEIGHTED | {"Softmax"}  # what mixes channels, but not by fixed weights: nothing is said of it
MOST_ROWS = 96  # of positions that are counted, and columns
_AT_ONCE = 1_000_000  # numbers laid out for a product at a time


@dataclass(frozen=True)
class Flow:
    """weights, nets: float64 (channels asked for, all channels of the source); |net| ≤ weight.

    Over all sources the weights of a channel sum to 1, or to less where nothing came in or a step's doing is not known.
    """

    weights: NDArray[np.float64]
    nets: NDArray[np.float64]

    def joined(self, other: "Flow") -> "Flow":
        return Flow(self.weights + other.weights, self.nets + other.nets)


@dataclass(frozen=True)
class Contributions:
    """values: every tensor of a run without its batch axis, the input among them. ends: the tensors where flows begin."""

    nodes: Mapping[str, NodeProto]
    fixed: Mapping[str, NDArray[Any]]
    values: Mapping[str, NDArray[np.float32]]
    ends: frozenset[str]

    @classmethod
    def of(cls, network: Network, values: Mapping[str, NDArray[np.float32]], ends: frozenset[str]) -> "Contributions":
        nodes = {node.output[0]: node for node in computing_nodes(network.model.graph)}
        return cls(nodes, network.constants, values, ends)

    def into(self, tensor: str, channels: Iterable[int]) -> dict[str, Flow]:
        """What these channels of a tensor that the network computes get, by the nearest ends before it."""
        asked = np.eye(len(self.values[tensor]))[list(channels)]
        return self._through(Flow(asked, asked), tensor)

    def _back(self, flow: Flow, tensor: str) -> dict[str, Flow]:
        return {tensor: flow} if tensor in self.ends else self._through(flow, tensor)

    def _through(self, flow: Flow, tensor: str) -> dict[str, Flow]:
        """A flow from a tensor's channels, led back through the step that makes the tensor."""
        node = self.nodes[tensor]
        if node.op_type in WEIGHTED and node.input[1] in self.fixed:
            return self._back(self._weighted(node, flow), node.input[0])
        if node.op_type in _NOT_ALONE:
            return {}
        if node.op_type == "Gather":
            return self._back(self._chosen(node, flow), node.input[0])
        if node.op_type == "ReduceMean" and 1 in averaged_axes(node, self.fixed, 1 + self.values[node.input[0]].ndim):
            return self._back(self._averaged(node, flow), node.input[0])
        if node.op_type == "Concat" and attribute(node, "axis", 1) not in (1, -len(self.values[tensor].shape)):
            return {}
        parts = self._concatenated(node, flow) if node.op_type == "Concat" else self._alone(node, flow)
        found: dict[str, Flow] = {}
        for name, part in parts:
            for end, each in self._back(part, name).items():
                found[end] = found[end].joined(each) if end in found else each
        return found

    def _weighted(self, node: NodeProto, flow: Flow) -> Flow:
        """Through a convolution or dense step, to the channels that go in."""
        entering, kernels = self.values[node.input[0]], self.fixed[node.input[1]]
        needed = np.flatnonzero(flow.weights.any(0))
        if node.op_type == "Conv":
            sizes, nets = _of_convolution(node, kernels, entering, self.values[node.output[0]].shape[1:], needed)
        else:
            by_output = kernels if node.op_type == "Gemm" and attribute(node, "transB", 0) else kernels.T
            nets = by_output[needed] * entering.astype(np.float64)
            sizes = np.abs(nets)
        total = sizes.sum(1, keepdims=True)
        total[total == 0] = 1
        return Flow(flow.weights[:, needed] @ (sizes / total), flow.nets[:, needed] @ (nets / total))

    def _averaged(self, node: NodeProto, flow: Flow) -> Flow:
        """Through a mean over all channels."""
        entering = self.values[node.input[0]]
        entering = entering.reshape(len(entering), -1).astype(np.float64)
        sizes = np.abs(entering).mean(1)
        total = sizes.sum() or 1.0
        return Flow(flow.weights * (sizes / total), flow.nets * (entering.mean(1) / total))

    def _concatenated(self, node: NodeProto, flow: Flow) -> Iterable[tuple[str, Flow]]:
        first = 0
        for name in node.input:
            last = first + len(self.values[name])
            yield name, Flow(flow.weights[:, first:last], flow.nets[:, first:last])
            first = last

    def _chosen(self, node: NodeProto, flow: Flow) -> Flow:
        every = np.zeros((2, len(flow.weights), len(self.values[node.input[0]])))
        every[:, :, self.fixed[node.input[1]]] = flow.weights, flow.nets
        return Flow(every[0], every[1])

    def _alone(self, node: NodeProto, flow: Flow) -> Iterable[tuple[str, Flow]]:
        """For a step on each channel alone: to the same channel of each tensor that goes in."""
        after = self.values[node.output[0]].shape
        names = [name for name in node.input if name in self.values]
        sources = [_channel_before(self.values[name].shape, after) for name in names]
        sizes = np.array([_mean_magnitudes(self.values[name])[source] for name, source in zip(names, sources, strict=True)])
        shares = sizes / np.where(sizes.sum(0) > 0, sizes.sum(0), 1) if len(names) > 1 else np.ones_like(sizes)
        for name, source, share in zip(names, sources, shares, strict=True):
            found = np.zeros((2, len(self.values[name]), len(flow.weights)))
            np.add.at(found[0], source, (flow.weights * share).T)
            np.add.at(found[1], source, (flow.nets * share * self._sign(node, name)).T)
            yield name, Flow(found[0].T, found[1].T)

    def _sign(self, node: NodeProto, name: str) -> NDArray[np.float64] | float:
        """−1 where a step turns the sign of what comes in by that name, for each channel or for all."""
        if node.op_type == "Sub":
            return 1.0 if name == node.input[0] else -1.0
        if node.op_type not in ("Mul", "Div", "BatchNormalization", "LayerNormalization"):
            return 1.0
        factor = next((self.fixed[each].astype(np.float64) for each in node.input[:2] if each in self.fixed), None)
        if factor is None:
            return 1.0
        if node.op_type != "BatchNormalization":
            shape = self.values[node.output[0]].shape
            factor = np.broadcast_to(factor, (1, *shape))[0].reshape(shape[0], -1).sum(1)
        return np.sign(factor)


def _mean_magnitudes(values: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.asarray(np.abs(values.reshape(len(values), -1)).mean(1, dtype=np.float64))


def _channel_before(before: tuple[int, ...], after: tuple[int, ...]) -> NDArray[np.intp]:
    """For each channel after a step, the one that it was made of: the same, or that which a flattened number lay in."""
    return np.arange(after[0]) * before[0] // after[0]


def _of_convolution(
    node: NodeProto, kernels: NDArray[Any], entering: NDArray[np.float32], given: tuple[int, ...], channels: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sums over positions of the magnitudes, and of the values, that each input channel adds to each of these channels.

    given: height and width of the output.
    """
    groups, per_group, size = int(attribute(node, "group", 1)), kernels.shape[1], kernels.shape[2:]
    windows = _windows(node, size, entering, given)
    every = -(-max(windows.shape[1:3]) // MOST_ROWS)
    windows = windows[:, ::every, ::every]
    spread = np.zeros((len(entering), len(channels), size[0] * size[1]), np.float32)
    for row, channel in enumerate(channels):
        first = channel // (len(kernels) // groups) * per_group
        spread[first : first + per_group, row] = kernels[channel].reshape(per_group, -1)
    found = np.zeros((2, len(channels), len(entering)))
    step = max(1, _AT_ONCE // (windows[0].size or 1))
    for first in range(0, len(entering), step):
        part = slice(first, first + step)
        laid_out = windows[part].transpose(0, 3, 4, 1, 2).reshape(len(spread[part]), size[0] * size[1], -1)
        products = spread[part] @ laid_out
        found[:, :, part] = np.abs(products).sum(2, dtype=np.float64).T, products.sum(2, dtype=np.float64).T
    return found[0], found[1]


def _windows(
    node: NodeProto, size: tuple[int, ...], entering: NDArray[np.float32], given: tuple[int, ...]
) -> NDArray[np.float32]:
    """(C, H, W) → a view (C, *given, *size): what each position of the output looks at. given: height and width of that."""
    down, across = axes(node, size, entering.shape[1:], given)
    padded = np.pad(entering, ((0, 0), (down.before, down.after), (across.before, across.after)))
    views = sliding_window_view(padded, (down.reach + 1, across.reach + 1), (1, 2))
    return views[:, :: down.stride, :: across.stride, :: down.dilation, :: across.dilation]
