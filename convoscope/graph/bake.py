"""Other values for the graph's own constants, written into it."""

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray
from onnx import ModelProto, numpy_helper

from convoscope.graph.reading import copied


def bake(model: ModelProto, values: Mapping[str, NDArray[Any]]) -> ModelProto:
    """A copy of the model in which these initialisers, or outputs of Constant nodes, have these values."""
    baked = copied(model)
    kept = [tensor for tensor in baked.graph.initializer if tensor.name not in values]
    nodes = [node for node in baked.graph.node if node.op_type != "Constant" or node.output[0] not in values]
    del baked.graph.initializer[:]
    baked.graph.initializer.extend([*kept, *(numpy_helper.from_array(value, name) for name, value in values.items())])
    del baked.graph.node[:]
    baked.graph.node.extend(nodes)
    return baked
