"""What a cell sees: the box of the network's input that its value depends on.

Followed backwards through the graph, exactly: which rows and which columns of every tensor a cell depends on, channel by
channel. Rows and columns are followed apart, as every operator treats them (a window wholly in padding along one axis alone
would be the exception).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto

from convoscope.graph.operators import OPERATORS
from convoscope.graph.reading import attribute, computing_nodes, input_name
from convoscope.layers import Stage
from convoscope.network import Network
from convoscope.window import Axis, axes


@dataclass(frozen=True)
class Box:
    """Cells [top, bottom) × [left, right)."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def width(self) -> int:
        return self.right - self.left


@dataclass(frozen=True)
class Fields:
    """The receptive fields of all cells of one channel, on a square input of `size` cells.

    rows (H, 2), columns (W, 2): first and one past the last of the input's rows and columns that exist.
    reach_rows, reach_columns: the same as if the input went on beyond its borders.
    """

    size: int
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    reach_rows: NDArray[np.int64]
    reach_columns: NDArray[np.int64]

    def seen(self, y: int, x: int) -> Box:
        """What the cell depends on. In a corner of padding it sees some rows or columns of nothing."""
        box = _box(self.rows[y], self.columns[x])
        return box if box.height and box.width else Box(0, 0, 0, 0)

    def reach(self, y: int, x: int) -> Box:
        """The same without the input's borders: it may begin before 0 and end after `size`."""
        return _box(self.reach_rows[y], self.reach_columns[x])

    def middle(self, y: int, x: int) -> tuple[float, float]:
        """The place of the input, row and column, that the cell is about: the middle of its reach."""
        box = self.reach(y, x)
        return (box.top + box.bottom) / 2, (box.left + box.right) / 2

    def nearest(self, place: tuple[float, float]) -> tuple[int, int]:
        """The cell, row and column, whose middle is nearest to a place of the input."""
        row, column = (
            int(np.abs(reach.mean(1) - at).argmin())
            for reach, at in zip((self.reach_rows, self.reach_columns), place, strict=True)
        )
        return row, column


@dataclass(frozen=True)
class _Reach:
    """What the cells asked for depend on in one tensor, along one axis.

    seen: bool (C, cells, size). first, last: float64 (C, cells), positions as if there were no border; inf and −inf where
    nothing is seen. Where C is 1 it stands for all channels alike.
    """

    seen: NDArray[np.bool_]
    first: NDArray[np.float64]
    last: NDArray[np.float64]

    def __or__(self, other: Self) -> "_Reach":
        return _Reach(self.seen | other.seen, np.minimum(self.first, other.first), np.maximum(self.last, other.last))


def receptive_fields(network: Network, stage: Stage, channel: int) -> Fields:
    """The receptive field of every cell of a stage's channel; of a stage without maps, of its one number `channel`."""
    made = network.card.preprocessing
    shapes = {stage.tensor: _as_maps(stage.shape) for stage in network.stages}
    source = input_name(network.model.graph)
    shapes[source] = (made.channel_count, made.size, made.size)
    fixed = network.constants
    found = [_follow(network, stage, channel, axis, shapes, fixed) for axis in (0, 1)]
    bounds = [np.stack([each.first, each.last + 1], 1) for each in found]
    reaches = [np.where(np.isfinite(each), each, 0).astype(np.int64) for each in bounds]
    clipped = [_bounds(each.seen) for each in found]
    return Fields(made.size, clipped[0], clipped[1], reaches[0], reaches[1])


def same_place(network: Network, before: Stage, after: Stage, cell: tuple[int, int]) -> tuple[int, int] | None:
    """The cell of another stage that is about the same place of the photo; None if that stage has but one. cell: row, column."""
    sizes = _as_maps(after.shape)[1:]
    if sizes == (1, 1):
        return None
    row, column = (min(at, size - 1) for at, size in zip(cell, _as_maps(before.shape)[1:], strict=True))
    return receptive_fields(network, after, 0).nearest(receptive_fields(network, before, 0).middle(row, column))


def _follow(
    network: Network,
    stage: Stage,
    channel: int,
    axis: int,
    shapes: dict[str, tuple[int, int, int]],
    fixed: dict[str, NDArray[Any]],
) -> _Reach:
    """What each position along the axis depends on in the input, all its channels together: seen (cells, size)."""
    graph = network.model.graph
    reached = {stage.tensor: _start(shapes[stage.tensor], channel, axis)}
    for node in reversed(list(computing_nodes(graph))):
        if node.output[0] in reached:
            for name, reach in _back(node, reached[node.output[0]], axis, shapes, fixed):
                reached[name] = reached[name] | reach if name in reached else reach
    end = reached[input_name(graph)]
    return _Reach(np.asarray(end.seen.any(0)), end.first.min(0), end.last.max(0))


def _start(shape: tuple[int, int, int], channel: int, axis: int) -> _Reach:
    size = shape[1 + axis]
    seen = np.zeros((shape[0], size, size), np.bool_)
    seen[channel] = np.eye(size, dtype=np.bool_)
    return _unbordered(seen)


def _back(
    node: NodeProto, reach: _Reach, axis: int, shapes: dict[str, tuple[int, int, int]], fixed: dict[str, NDArray[Any]]
) -> Iterator[tuple[str, _Reach]]:
    """The tensors that go into a node, each with what is reached in it."""
    given = shapes[node.output[0]]
    names = [name for name in node.input if name in shapes]
    taken = shapes[names[0]]
    size = taken[1 + axis]
    if node.op_type == "Conv":
        weights = fixed[node.input[1]]
        groups = int(attribute(node, "group", 1))
        together = _together(reach, groups)
        window = axes(node, weights.shape[2:], taken[1:], given[1:])[axis]
        yield names[0], _repeat(_through(together, window.reads(given[1 + axis]), window), taken[0] // groups)
    elif node.op_type in ("MaxPool", "AveragePool"):
        window = axes(node, attribute(node, "kernel_shape", ()), taken[1:], given[1:])[axis]
        yield names[0], _through(reach, window.reads(given[1 + axis]), window)
    elif node.op_type == "Pad":
        before, after = (int(pads[2 + axis]) for pads in fixed[node.input[1]].reshape(2, 4))
        window = Axis(size, 1, before=before, after=after)
        yield names[0], _through(reach, window.reads(given[1 + axis]), window)
    elif node.op_type == "Gather":
        yield names[0], _chosen(reach, fixed[node.input[1]], taken[0])
    elif node.op_type == "LayerNormalization":
        yield names[0], _repeat(_together(reach, 1), taken[0])
    elif node.op_type == "ReduceMean" and given == (1, *taken[1:]):
        yield names[0], _repeat(reach, taken[0])
    elif OPERATORS[node.op_type].reads != "more":
        for name in names:
            yield name, _unbroadcast(reach, shapes[name], axis)
    elif node.op_type == "Concat" and attribute(node, "axis", 1) in (1, -3):
        start = 0
        for name in node.input:
            part = slice(start, start + shapes[name][0])
            start = part.stop
            yield name, reach if len(reach.seen) == 1 else _Reach(reach.seen[part], reach.first[part], reach.last[part])
    elif given[0] == taken[0] and (node.op_type == "GlobalAveragePool" or (node.op_type == "ReduceMean" and given[1:] == (1, 1))):
        yield names[0], _all_along(reach, size)
    elif node.op_type in ("Flatten", "Reshape") and given[1:] == (1, 1):
        numbers = np.broadcast_to(reach.seen[..., 0], (given[0], reach.seen.shape[1]))
        seen = np.asarray(numbers.reshape(*taken, -1).any(2 - axis))
        yield names[0], _unbordered(seen.swapaxes(1, 2))
    else:
        for name in names:
            yield name, _repeat(_all_along(_together(reach, 1), shapes[name][1 + axis]), shapes[name][0])


def _chosen(reach: _Reach, channels: NDArray[np.int64], count: int) -> _Reach:
    """Back to all channels of which some were chosen."""
    seen = np.zeros((count, *reach.seen.shape[1:]), np.bool_)
    first, last = (np.full((count, reach.seen.shape[1]), edge) for edge in (np.inf, -np.inf))
    seen[channels], first[channels], last[channels] = reach.seen, reach.first, reach.last
    return _Reach(seen, first, last)


def _through(reach: _Reach, reads: NDArray[np.bool_], window: Axis) -> _Reach:
    seen = (reach.seen.astype(np.float32) @ reads.astype(np.float32)) > 0
    width = (window.kernel - 1) * window.dilation
    return _Reach(seen, reach.first * window.stride - window.before, reach.last * window.stride - window.before + width)


def _together(reach: _Reach, groups: int) -> _Reach:
    """The channels of each group as one."""
    channels, cells, size = reach.seen.shape
    if channels == 1:
        return reach
    apart = (groups, channels // groups, cells)
    seen = np.asarray(reach.seen.reshape(*apart, size).any(1))
    return _Reach(seen, reach.first.reshape(apart).min(1), reach.last.reshape(apart).max(1))


def _repeat(reach: _Reach, times: int) -> _Reach:
    if len(reach.seen) == 1:
        return reach
    return _Reach(reach.seen.repeat(times, 0), reach.first.repeat(times, 0), reach.last.repeat(times, 0))


def _all_along(reach: _Reach, size: int) -> _Reach:
    return _unbordered(np.asarray(reach.seen.any(2, keepdims=True)).repeat(size, 2))


def _unbroadcast(reach: _Reach, shape: tuple[int, int, int], axis: int) -> _Reach:
    """What is reached in an operand that was repeated to fill the shape of the result."""
    if shape[0] == 1:
        reach = _together(reach, 1)
    return _all_along(reach, 1) if shape[1 + axis] == 1 else reach


def _unbordered(seen: NDArray[np.bool_]) -> _Reach:
    """Where no border is crossed, the reach is what is seen."""
    some, size = np.asarray(seen.any(2)), seen.shape[2]
    first = np.where(some, seen.argmax(2), np.inf)
    return _Reach(seen, first, np.where(some, size - 1 - seen[..., ::-1].argmax(2), -np.inf))


def _bounds(seen: NDArray[np.bool_]) -> NDArray[np.int64]:
    """bool (cells, size) → (cells, 2): the first and one past the last; 0, 0 where nothing is seen."""
    first, last = seen.argmax(1), seen.shape[1] - seen[:, ::-1].argmax(1)
    return np.where(np.asarray(seen.any(1))[:, None], np.stack([first, last], 1), 0)


def _as_maps(shape: tuple[int, ...]) -> tuple[int, int, int]:
    return (shape[0], shape[1], shape[2]) if len(shape) == 3 else (int(np.prod(shape)), 1, 1)


def _box(rows: NDArray[np.int64], columns: NDArray[np.int64]) -> Box:
    return Box(int(rows[0]), int(columns[0]), int(rows[1]), int(columns[1]))
