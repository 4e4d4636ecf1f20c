"""What every look at a graph needs: its operators, its constants, the tensors that depend on the input."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, NodeProto, ValueInfoProto, helper, numpy_helper
from onnx.external_data_helper import uses_external_data

from convoscope.graph.operators import OPERATORS

OWN_DOMAIN = "convoscope"  # of functions that a model brings along
WEIGHTED = frozenset({"Conv", "Gemm", "MatMul"})
AVERAGES = frozenset({"GlobalAveragePool", "ReduceMean"})


class GraphError(ValueError):
    """A graph that is not a supported image classifier; its text names what is in the way."""


def check_operators(model: ModelProto) -> None:
    """Raises GraphError naming the operators outside `OPERATORS`."""
    names = unsupported(model)
    if names:
        operators, are = ("operators", "are") if len(names) > 1 else ("operator", "is")
        raise GraphError(f"its graph uses the {operators} {', '.join(names)}, which {are} not supported")


def unsupported(model: ModelProto) -> list[str]:
    """The operators that are not supported, each once."""
    fixed = constants(model.graph)
    return list(dict.fromkeys(node.op_type for node in model.graph.node if not _is_supported(node, fixed)))


def _is_supported(node: NodeProto, fixed: Mapping[str, NDArray[Any]]) -> bool:
    if node.op_type not in OPERATORS:
        return False
    if node.op_type == "LayerNormalization":
        return bool(node.domain == OWN_DOMAIN)
    if node.op_type == "Gather":
        indices = fixed.get(node.input[1])
        return (
            indices is not None
            and indices.ndim == attribute(node, "axis", 0) == 1
            and len(set(indices.tolist())) == len(indices)
            and bool((indices >= 0).all())
        )
    if node.op_type == "Pad":
        return is_zero_padding(node, fixed)
    return node.domain in ("", "ai.onnx")


def check_weights_inside(model: ModelProto) -> None:
    """Raises GraphError if weights lie in files beside the model's."""
    if any(uses_external_data(tensor) for tensor in model.graph.initializer):
        raise GraphError("its weights are in another file; save the model as one file")


def constants(graph: GraphProto) -> dict[str, NDArray[Any]]:
    """Every tensor with a fixed value: initialisers, Constant nodes, and what Identity makes of them."""
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant":
            values[node.output[0]] = np.asarray(_constant_value(node))
        elif node.op_type == "Identity" and node.input[0] in values:
            values[node.output[0]] = values[node.input[0]]
    return values


def graph_input(graph: GraphProto) -> ValueInfoProto:
    """The one input that is not an initialiser. Raises GraphError if there is not exactly one."""
    fixed = {tensor.name for tensor in graph.initializer}
    found: list[ValueInfoProto] = [value for value in graph.input if value.name not in fixed]
    if len(found) != 1:
        raise GraphError(f"its graph has {len(found)} inputs; an image classifier has one")
    return found[0]


def input_name(graph: GraphProto) -> str:
    """Of that input. Raises GraphError."""
    return str(graph_input(graph).name)


def copied(model: ModelProto) -> ModelProto:
    copy = ModelProto()
    copy.CopyFrom(model)
    return copy


def picture_type(model: ModelProto) -> np.dtype[Any]:
    """Of the numbers that the input holds."""
    return helper.tensor_dtype_to_np_dtype(graph_input(model.graph).type.tensor_type.elem_type)


def computing_nodes(graph: GraphProto) -> Iterator[NodeProto]:
    """The nodes that depend on the input, in the order of the graph."""
    live = {input_name(graph)}
    for node in graph.node:
        if live.intersection(node.input):
            live.update(node.output)
            yield node


def step_of(graph: GraphProto, tensor: str) -> NodeProto:
    """The node that computes the tensor, which depends on the input."""
    return next(node for node in computing_nodes(graph) if node.output[0] == tensor)


def attribute(node: NodeProto, name: str, default: Any) -> Any:
    """An attribute's value, or the default that the operator's definition gives."""
    found = next((item for item in node.attribute if item.name == name), None)
    return default if found is None else helper.get_attribute_value(found)


def averaged_axes(node: NodeProto, fixed: Mapping[str, NDArray[Any]], rank: int) -> frozenset[int]:
    """The axes over which a GlobalAveragePool or ReduceMean averages. rank: of its input, that of the pictures included."""
    if node.op_type == "GlobalAveragePool":
        return frozenset(range(2, rank))
    given = fixed[node.input[1]] if any(node.input[1:]) else attribute(node, "axes", range(rank))
    return frozenset(int(axis) % rank for axis in np.asarray(given).ravel())


def is_zero_padding(pad: NodeProto, fixed: Mapping[str, NDArray[Any]]) -> bool:
    """Whether a Pad puts zeros around maps (N, C, H, W) and takes nothing away."""
    pads, value = fixed.get(pad.input[1]) if len(pad.input) > 1 else None, np.zeros(1)
    if any(pad.input[2:3]):
        value = fixed.get(pad.input[2], np.ones(1))
    if pads is None or len(pads) != 8 or any(pad.input[3:]) or value.any():
        return False
    amounts = pads.reshape(2, 4)
    return attribute(pad, "mode", b"constant") == b"constant" and not amounts[:, :2].any() and bool((amounts >= 0).all())


def _constant_value(node: NodeProto) -> object:
    value = helper.get_attribute_value(node.attribute[0])
    return numpy_helper.to_array(value) if node.attribute[0].name == "value" else value
