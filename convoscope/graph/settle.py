"""A graph as exporters write it → the same with an open number of pictures, its shapes written down, and shares at its end.

By default PyTorch's exporter fixes the batch axis to the one picture it was shown, in the declared shapes and in the shapes that
Reshape is given; with an open batch axis it computes the latter from the input's. Neither is part of what a network computes.
Of a log softmax at the end, as networks have it that were trained with the negative log likelihood, the softmax stays.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, ValueInfoProto, helper, numpy_helper

from convoscope.graph.reading import computing_nodes, constants, input_name, picture_type

_TRIED = (2, 3)  # numbers of pictures by which a computed shape tells what follows from them
_SIZES = frozenset({"Shape", "Gather", "Unsqueeze", "Squeeze", "Concat", "Slice", "Cast", "Mul", "Div", "Add", "Sub", "Identity"})


def settle(model: ModelProto) -> ModelProto:
    """Changes the model, which is returned. Of one that is settled already nothing changes. Raises GraphError."""
    given = next(value for value in model.graph.input if value.name == input_name(model.graph))
    declared = _open_batch(model, given)
    reshapes = [node for node in computing_nodes(model.graph) if node.op_type == "Reshape"]
    if reshapes:
        _write_shapes(model, given, declared, reshapes)
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


def _write_shapes(model: ModelProto, given: ValueInfoProto, declared: int | None, reshapes: Sequence[NodeProto]) -> None:
    fixed = constants(model.graph)
    computed = list(dict.fromkeys(node.input[1] for node in reshapes if node.input[1] not in fixed))
    found = _computed(model, given, computed) if computed else {}
    for node in reshapes:
        shape = found.get(node.input[1])
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


def _computed(model: ModelProto, given: ValueInfoProto, names: Sequence[str]) -> dict[str, NDArray[np.int64]]:
    """What these shapes come to, with 0 in place of the number of pictures; without those that follow from it otherwise."""
    sizes = [size.dim_value for size in given.type.tensor_type.shape.dim][1:]
    if not all(sizes):
        return {}
    asked = ModelProto()
    asked.CopyFrom(model)
    del asked.graph.output[:]
    asked.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in names)
    session = onnxruntime.InferenceSession(asked.SerializeToString(), providers=["CPUExecutionProvider"])
    runs = [session.run(None, {given.name: np.zeros((count, *sizes), picture_type(model))}) for count in _TRIED]
    found = {}
    for name, one, other in zip(names, *runs, strict=True):
        if (one[:1].tolist(), other[:1].tolist()) == ([_TRIED[0]], [_TRIED[1]]) and (one[1:] == other[1:]).all():
            found[name] = np.array([0, *one[1:]], np.int64)
        elif (one == other).all():
            found[name] = np.asarray(one, np.int64)
    return found


def _leave_out_sizes(model: ModelProto) -> None:
    """The steps that only computed shapes."""
    kept = list(_leading_somewhere(model))
    del model.graph.node[:]
    model.graph.node.extend(reversed(kept))


def _leading_somewhere(model: ModelProto) -> Iterator[NodeProto]:
    needed = {output.name for output in model.graph.output}
    for node in reversed(model.graph.node):
        if needed.intersection(node.output) or node.op_type not in _SIZES:
            needed.update(node.input)
            yield node
