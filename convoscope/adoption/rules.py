"""What stands for each operator of the old graph, on tensors whose axes lie in another order.

A rule writes it and notes how its output is held; where it cannot, it writes nothing and returns False.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, helper

from convoscope.adoption.channel_norm import declare
from convoscope.adoption.held import FRONT, Held, Layout, moves_only_ones
from convoscope.graph.operators import OPERATORS
from convoscope.graph.reading import OWN_DOMAIN, attribute

_ALONE = frozenset(name for name, operator in OPERATORS.items() if operator.reads == "number")
_TOGETHER = frozenset({"Add", "Sub", "Mul", "Div", "PRelu"})
_REDUCES = frozenset({"ReduceMean", "ReduceMax", "ReduceL2"})
_RESHAPES = frozenset({"Reshape", "Flatten", "Squeeze", "Unsqueeze"})


def take(layout: Layout, node: NodeProto) -> None:
    """Writes what stands for a node of the old graph."""
    rule = RULES.get(node.op_type) if node.domain in ("", "ai.onnx") else None
    of_a_constant = node.input[0] not in layout.held and node.op_type not in _TOGETHER
    if rule is None or of_a_constant or not rule(layout, node):
        layout.as_it_stands(node)


def _alone(layout: Layout, node: NodeProto) -> bool:
    held = layout.held[node.input[0]]
    layout.keep(node, [held.name, *node.input[1:]])
    layout.held[node.output[0]] = Held(node.output[0], held.axes, held.order)
    return True


def _together(layout: Layout, node: NodeProto) -> bool:
    moving = [layout.held[name] for name in node.input if name in layout.held]
    lead = next((held for held in moving if not held.is_as_it_was), moving[0])
    rank = len(layout.write.shape(node.output[0]))
    alike = all(held.axes == lead.axes and (held.order is lead.order) for held in moving)
    if lead.is_as_it_was or not alike or len(lead.axes) != rank:
        return False
    inputs = []
    for name in node.input:
        if name in layout.held:
            inputs.append(layout.held[name].name)
            continue
        value = layout.write.fixed[name]
        turned = value.reshape((1,) * (rank - value.ndim) + value.shape).transpose(lead.axes)
        if lead.order is not None and turned.shape[1] > 1:
            turned = turned[:, lead.order]
        inputs.append(name if value.ndim == 0 else layout.write.constant(np.ascontiguousarray(turned)))
    layout.keep(node, inputs)
    layout.held[node.output[0]] = Held(node.output[0], lead.axes, lead.order)
    return True


def _sum(layout: Layout, node: NodeProto) -> bool:
    if len(node.input) != 2:
        return False
    take(layout, helper.make_node("Add", node.input, node.output))
    return True


def _power(layout: Layout, node: NodeProto) -> bool:
    exponent = layout.fixed(node.input[1])
    if exponent is None or exponent.size != 1 or float(exponent.reshape(())) != 2:
        return False
    take(layout, helper.make_node("Mul", [node.input[0], node.input[0]], [node.output[0]]))
    return True


def _transpose(layout: Layout, node: NodeProto) -> bool:
    held = layout.held[node.input[0]]
    if held.order is not None:
        return False
    turn = list(attribute(node, "perm", range(len(held.axes))[::-1]))
    layout.held[node.output[0]] = Held(held.name, tuple(turn.index(axis) for axis in held.axes))
    return True


def _reduce(layout: Layout, node: NodeProto) -> bool:
    held, given = (
        layout.held[node.input[0]],
        layout.fixed(node.input[1]) if len(node.input) > 1 else attribute(node, "axes", None),
    )
    if given is None or held.order is not None or not held.axes:
        return False
    over = sorted(held.axes.index(int(axis) % len(held.axes)) for axis in given)
    kept, output = int(attribute(node, "keepdims", 1)), node.output[0]
    if node.op_type == "ReduceMax":
        return over == [2, 3] and _largest(layout, node, bool(kept))
    by = [layout.write.integers(*over)] if len(node.input) > 1 else []
    settings = {"keepdims": kept} if by else {"keepdims": kept, "axes": over}
    if node.op_type == "ReduceMean":
        layout.emit("ReduceMean", [held.name, *by], output, **settings)
    else:  # ReduceL2 is the root of how many times the mean of all squares
        count = np.prod([layout.write.shape(node.input[0])[held.axes[at]] for at in over])
        layout.emit("Mul", [held.name, held.name], f"{output}/squares")
        layout.emit("ReduceMean", [f"{output}/squares", *by], f"{output}/mean", **settings)
        layout.emit("Mul", [f"{output}/mean", layout.write.number(float(count))], f"{output}/sum")
        layout.emit("Sqrt", [f"{output}/sum"], output)
    _note_reduced(layout, held, over, output, bool(kept))
    return True


def _note_reduced(layout: Layout, held: Held, over: Sequence[int], output: str, kept: bool) -> None:
    left = [axis for at, axis in enumerate(held.axes) if at not in over]
    layout.held[output] = Held(output, held.axes if kept else tuple(sorted(left).index(axis) for axis in left))


def _largest(layout: Layout, node: NodeProto, kept: bool = True) -> bool:
    """The largest of each map, as a pooling of the map as a whole."""
    held, output = layout.held[node.input[0]], node.output[0]
    if len(held.axes) != 4 or held.order is not None or (node.op_type == "GlobalMaxPool" and not held.is_as_it_was):
        return False
    sizes = [layout.write.shape(node.input[0])[axis] for axis in held.axes[2:]]
    pooled = output if kept else f"{output}/largest"
    layout.emit("MaxPool", [held.name], pooled, kernel_shape=sizes)
    if not kept:
        layout.emit("Flatten", [pooled], output)
    _note_reduced(layout, held, (2, 3), output, kept)
    return True


def _concat(layout: Layout, node: NodeProto) -> bool:
    if any(name not in layout.held for name in node.input):
        return False
    parts = [layout.held[name] for name in node.input]
    axes = parts[0].axes
    if any(part.axes != axes or part.order is not None for part in parts):
        return False
    axis = axes.index(int(attribute(node, "axis", 1)) % len(axes))
    layout.emit("Concat", [part.name for part in parts], node.output[0], axis=axis)
    layout.held[node.output[0]] = Held(node.output[0], axes)
    return True


def _pad(layout: Layout, node: NodeProto) -> bool:
    held, pads = layout.held[node.input[0]], layout.fixed(node.input[1]) if len(node.input) > 1 else None
    if pads is None or any(node.input[3:]) or held.order is not None:
        return False
    before, after = pads.reshape(2, -1)[:, list(held.axes)]
    layout.keep(node, [held.name, layout.write.integers(*before, *after), *node.input[2:]])
    layout.held[node.output[0]] = Held(node.output[0], held.axes)
    return True


def _split(layout: Layout, node: NodeProto) -> bool:
    held, axis = layout.held[node.input[0]], int(attribute(node, "axis", 0))
    first = 0
    for name in node.output:
        size = layout.write.shape(name)[axis]
        if not _choose(layout, held, axis, np.arange(first, first + size), name):
            return False
        first += size
    return True


def _slice(layout: Layout, node: NodeProto) -> bool:
    held, given = layout.held[node.input[0]], [layout.fixed(name) for name in node.input[1:]]
    if any(value is None for value in given) or len(given) < 3:
        return False
    starts, ends, axes = (np.asarray(value).tolist() for value in given[:3])
    steps = np.asarray(given[3]).tolist() if len(given) > 3 else [1] * len(axes)
    shape = layout.write.shape(node.input[0])
    chosen = {
        axis: np.arange(shape[axis])[start:end:step]
        for start, end, axis, step in zip(starts, ends, axes, steps, strict=True)
        if shape[axis] > 0 and len(range(shape[axis])[start:end:step]) < shape[axis]
    }
    if len(chosen) != 1:
        return False
    (axis, indices) = next(iter(chosen.items()))
    return _choose(layout, held, axis, indices, node.output[0])


def _gather(layout: Layout, node: NodeProto) -> bool:
    indices, axis = layout.fixed(node.input[1]), int(attribute(node, "axis", 0))
    if indices is None:
        return False
    if axis == 0:
        return _unwound(layout, node, indices)
    held = layout.held[node.input[0]]
    return indices.ndim == 1 and _choose(layout, held, axis, indices % layout.write.shape(node.input[0])[axis], node.output[0])


def _choose(layout: Layout, held: Held, axis: int, indices: NDArray[Any], output: str) -> bool:
    """Some channels, in some order."""
    if held.order is not None or held.axes.index(axis % len(held.axes)) != 1:
        return False
    layout.emit("Gather", [held.name, layout.write.constant(indices.astype(np.int64))], output, axis=1)
    layout.held[output] = Held(output, held.axes)
    return True


def _unwound(layout: Layout, node: NodeProto, indices: NDArray[Any]) -> bool:
    """As PyTorch exports `as_strided`: all numbers of one picture in a row, then each picked where it was."""
    made = next((each for each in layout.write.graph.node if each.output[0] == node.input[0]), None)
    if made is None or made.op_type != "Reshape" or layout.write.fixed[made.input[1]].tolist() != [-1]:
        return False
    shape = layout.write.shape(made.input[0])
    if indices.shape[0] != 1 or not np.array_equal(indices.ravel(), np.arange(np.prod(shape[1:]))):
        return False
    layout.write.graph.node.remove(made)
    layout.emit("Reshape", [made.input[0], layout.write.integers(0, *indices.shape[1:])], node.output[0])
    layout.held[node.output[0]] = Held(node.output[0], tuple(range(indices.ndim)))
    return True


def _product(layout: Layout, node: NodeProto) -> bool:
    """A dense step over the channels at each place is a convolution of 1 × 1; one over flattened maps has its weights moved."""
    held, weights = layout.held.get(node.input[0]), layout.fixed(node.input[1])
    if held is None or weights is None or weights.ndim != 2:
        return False
    if node.op_type == "MatMul" and held.axes == FRONT:
        kernels = np.ascontiguousarray(weights.T[:, :, None, None])
        layout.emit("Conv", [held.name, layout.write.constant(kernels)], node.output[0], kernel_shape=[1, 1])
        layout.held[node.output[0]] = Held(node.output[0], FRONT)
        return True
    if held.order is None or attribute(node, "transA", 0):
        return False
    reordered = weights[:, held.order] if attribute(node, "transB", 0) else weights[held.order]
    layout.keep(node, [held.name, layout.write.constant(reordered), *node.input[2:]])
    layout.held[node.output[0]] = Held(node.output[0], (0, 1))
    return True


def _normalise(layout: Layout, node: NodeProto) -> bool:
    held, rank = layout.held[node.input[0]], len(layout.held[node.input[0]].axes)
    axis = int(attribute(node, "axis", -1)) % rank
    gain = layout.fixed(node.input[1])
    if axis != rank - 1 or held.axes.index(axis) != 1 or held.order is not None or gain is None:
        return False
    shift = layout.fixed(node.input[2]) if any(node.input[2:]) else np.zeros_like(gain)
    if shift is None:
        return False
    ones = (1,) * (rank - 2)
    inputs = [held.name, *(layout.write.constant(value.reshape(-1, *ones)) for value in (gain, shift))]
    declare(layout.model)
    layout.emit("LayerNormalization", inputs, node.output[0], domain=OWN_DOMAIN, epsilon=attribute(node, "epsilon", 1e-5))
    layout.held[node.output[0]] = Held(node.output[0], held.axes)
    return True


def _reshape(layout: Layout, node: NodeProto) -> bool:
    held, output = layout.held[node.input[0]], node.output[0]
    if node.op_type == "Reshape" and np.array_equal(layout.write.fixed.get(node.input[1], ()), [-1]):
        return False
    before, after = layout.write.shape(node.input[0]), layout.write.shape(output)
    if held.order is not None or held.axes[:1] != (0,) or before[0] != after[0]:
        return False
    if moves_only_ones(held.axes, before):
        axes, target = tuple(range(len(after))), tuple(after)
        if len(after) == 4 and after[1:3] == (1, 1):
            axes, target = FRONT, (after[0], after[3], 1, 1)
        if target == tuple(before[axis] for axis in held.axes):
            layout.held[output] = Held(held.name, axes)
            return True
        _write_reshape(layout, held.name, target, output)
        layout.held[output] = Held(output, axes)
        return True
    joined = len(before) - len(after) + 1  # axes that become one
    inside, rest = before[1 : 1 + joined], before[1 + joined :]
    if (
        joined < 2
        or after[1:] != (int(np.prod(inside)), *rest)
        or held.axes[1 + joined :] != tuple(range(len(before)))[1 + joined :]
    ):
        return False
    turn = [axis - 1 for axis in held.axes[1 : 1 + joined]]
    order = np.arange(after[1]).reshape(inside).transpose(turn).ravel()
    if len(after) == 2:
        _write_reshape(layout, held.name, after, output)
        layout.held[output] = Held(output, (0, 1), order)
    else:
        _write_reshape(layout, held.name, after, f"{output}/joined")
        layout.emit("Gather", [f"{output}/joined", layout.write.constant(np.argsort(order))], output, axis=1)
        layout.held[output] = Held(output, tuple(range(len(after))))
    return True


def _write_reshape(layout: Layout, name: str, target: Sequence[int], output: str) -> None:
    if len(target) == 2:
        layout.emit("Flatten", [name], output)
    else:
        layout.emit("Reshape", [name, layout.write.integers(0, *target[1:])], output)


RULES: dict[str, Callable[[Layout, NodeProto], bool]] = {
    **dict.fromkeys(_ALONE, _alone),
    **dict.fromkeys(_TOGETHER, _together),
    **dict.fromkeys(_REDUCES, _reduce),
    **dict.fromkeys(_RESHAPES, _reshape),
    "Sum": _sum,
    "Pow": _power,
    "Transpose": _transpose,
    "GlobalMaxPool": _largest,
    "Concat": _concat,
    "Pad": _pad,
    "Split": _split,
    "Slice": _slice,
    "Gather": _gather,
    "MatMul": _product,
    "Gemm": _product,
    "LayerNormalization": _normalise,
}
