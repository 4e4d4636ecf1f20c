"""Weights and steps of half precision, and pixels that are taken as bytes, → float32 throughout."""

from collections.abc import Iterator

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, numpy_helper

from convoscope.graph.reading import attribute, computing_nodes, graph_input

_HALF = frozenset({TensorProto.FLOAT16, TensorProto.BFLOAT16})


def is_half(model: ModelProto) -> bool:
    """Whether it computes with numbers of three or four digits, so that its answers are rounded."""
    return any(tensor.data_type in _HALF for tensor in _tensors(model))


def to_float32(model: ModelProto) -> bool:
    """Changes the model; returns whether there was anything to change."""
    given = graph_input(model.graph).type.tensor_type
    halves = [tensor for tensor in _tensors(model) if tensor.data_type in _HALF]
    if not halves and given.elem_type == TensorProto.FLOAT:
        return False
    for tensor in halves:
        tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float32), tensor.name))
    for value in (given, *(output.type.tensor_type for output in model.graph.output)):
        value.elem_type = TensorProto.FLOAT
    del model.graph.value_info[:]
    for node in list(computing_nodes(model.graph)):
        if node.op_type == "Cast" and attribute(node, "to", None) in _HALF | {TensorProto.FLOAT}:
            _leave_out(model, node)
    return True


def _tensors(model: ModelProto) -> Iterator[TensorProto]:
    yield from model.graph.initializer
    for node in model.graph.node:
        yield from (each.t for each in node.attribute if each.HasField("t"))


def _leave_out(model: ModelProto, cast: NodeProto) -> None:
    gone, kept = cast.output[0], cast.input[0]
    if gone in {output.name for output in model.graph.output}:
        gone, kept = kept, gone
    model.graph.node.remove(cast)
    for node in model.graph.node:
        for names in (node.input, node.output):
            names[:] = [kept if name == gone else name for name in names]
