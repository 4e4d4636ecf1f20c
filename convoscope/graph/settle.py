"""A graph as exporters write it → the same with an open number of pictures, its shapes written down, and shares at its end.

By default PyTorch's exporter fixes the batch axis to the one picture it was shown, in the declared shapes and in the shapes that
Reshape is given; with an open batch axis it computes the latter from the input's. Neither is part of what a network computes.
Of a log softmax at the end, as networks have it that were trained with the negative log likelihood, the softmax stays.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, ValueInfoProto, helper, numpy_helper

from convoscope.graph.reading import computing_nodes, constants, copied, graph_input, picture_type

_TRIED = (2, 3)  # numbers of pictures by which a computed shape tells what follows from them
_ON_SHAPES = frozenset(
    {"Shape", "Gather", "Unsqueeze", "Squeeze", "Concat", "Slice", "Cast", "Mul", "Div", "Add", "Sub", "Identity"}
)


@dataclass(frozen=True)
class _Known:
    """A tensor of sizes. values: int64. of_pictures: whether the first is the number of pictures, in whose place is a 0."""

    values: NDArray[np.int64]
    of_pictures: bool


def settle(model: ModelProto) -> ModelProto:
    """Changes the model, which is returned. Of one that is settled already nothing changes. Raises GraphError."""
    given = graph_input(model.graph)
    declared = _open_batch(model, given)
    sizes = _from_shapes(model)
    readers = [node for node in computing_nodes(model.graph) if node.op_type == "Reshape" or _reads(node, sizes)]
    if readers:
        _write_shapes(model, given, declared, readers, sizes)
    for node in model.graph.node:
        if node.op_type == "LogSoftmax" and node.output[0] in {output.name for output in model.graph.output}:
            node.op_type = "Softmax"
    return model


def _open_batch(model: ModelProto, given: ValueInfoProto) -> int | None:
    """The number of pictures that was declared, None if that was open."""
    sizes = given.type.tensor_type.shape.dim
    if not sizes or not sizes[0].HasField("dim_value"):
        return None
    declared = int(sizes[0].dim_value)
    sizes[0].dim_param = "batch"
    del model.graph.value_info[:]
    for output in model.graph.output:
        if output.type.tensor_type.shape.dim:
            output.type.tensor_type.shape.dim[0].Clear()
    return declared


def _from_shapes(model: ModelProto) -> set[str]:
    """The tensors that follow from the shapes of others alone."""
    if all(node.op_type != "Shape" for node in model.graph.node):
        return set()  # without a look at all weights
    fixed, found = constants(model.graph), set[str]()
    for node in model.graph.node:
        names = set(filter(None, node.input)) - fixed.keys()
        if node.op_type == "Shape" or (node.op_type in _ON_SHAPES and names and names <= found):
            found.update(node.output)
    return found


def _reads(node: NodeProto, sizes: set[str]) -> bool:
    """Whether a step that computes none itself depends on one."""
    return node.output[0] not in sizes and not sizes.isdisjoint(node.input)


def _write_shapes(
    model: ModelProto, given: ValueInfoProto, declared: int | None, readers: Sequence[NodeProto], sizes: set[str]
) -> None:
    fixed = constants(model.graph)
    shapes = {node.input[1] for node in readers if node.op_type == "Reshape"} - fixed.keys()
    computed = list(dict.fromkeys(name for node in readers for name in node.input if name in sizes | shapes))
    found = _computed(model, given, computed) if computed else {}
    for node in readers:
        if node.op_type != "Reshape":
            _give_sizes(model, node, found)
            continue
        shape = found[node.input[1]].values if node.input[1] in found else None
        if shape is None and fixed.get(node.input[1], np.zeros(1))[:1].tolist() == [declared]:
            shape = np.array([0, *fixed[node.input[1]][1:]], np.int64)  # 0: as many as come in
        if shape is not None and 0 not in shape[1:]:
            _give_shape(model, node, shape)
    if found:
        _leave_out_sizes(model)


def _give_shape(model: ModelProto, reshape: NodeProto, shape: NDArray[np.int64]) -> None:
    reshape.input[1] = f"{reshape.output[0]}/shape"
    model.graph.initializer.append(numpy_helper.from_array(shape, reshape.input[1]))
    kept = [each for each in reshape.attribute if each.name != "allowzero"]
    del reshape.attribute[:]
    reshape.attribute.extend(kept)


def _give_sizes(model: ModelProto, node: NodeProto, found: Mapping[str, _Known]) -> None:
    for at, name in enumerate(node.input):
        if name in found and not found[name].of_pictures:
            node.input[at] = f"{node.output[0]}/{name}"
            model.graph.initializer.append(numpy_helper.from_array(found[name].values, node.input[at]))


def _computed(model: ModelProto, given: ValueInfoProto, names: Sequence[str]) -> dict[str, _Known]:
    """What these tensors come to, without those that follow from the number of pictures in another way than by being it."""
    sizes = [size.dim_value for size in given.type.tensor_type.shape.dim][1:]
    if not all(sizes):
        return {}
    asked = copied(model)
    del asked.graph.output[:]
    asked.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in names)
    session = onnxruntime.InferenceSession(asked.SerializeToString(), providers=["CPUExecutionProvider"])
    runs = [session.run(None, {given.name: np.zeros((count, *sizes), picture_type(model))}) for count in _TRIED]
    found = {}
    for name, one, other in zip(names, *runs, strict=True):
        if np.array_equal(one, other):
            found[name] = _Known(np.asarray(one, np.int64), of_pictures=False)
        elif one.ndim == 1 and (one[0], other[0]) == _TRIED and np.array_equal(one[1:], other[1:]):
            found[name] = _Known(np.array([0, *one[1:]], np.int64), of_pictures=True)
    return found


def _leave_out_sizes(model: ModelProto) -> None:
    """The steps that only computed shapes."""
    kept = list(_leading_somewhere(model))
    del model.graph.node[:]
    model.graph.node.extend(reversed(kept))


def _leading_somewhere(model: ModelProto) -> Iterator[NodeProto]:
    needed = {output.name for output in model.graph.output}
    for node in reversed(model.graph.node):
        if needed.intersection(node.output) or node.op_type not in _ON_SHAPES:
            needed.update(node.input)
            yield node
