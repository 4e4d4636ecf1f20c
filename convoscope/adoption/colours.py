"""A network that takes blue, green and red, as those made with OpenCV or Caffe do, → the same one for red, green and blue."""

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto

from convoscope.graph.reading import GraphError, attribute, computing_nodes, input_name
from convoscope.graph.step import Writer

_CHANNELS = 3


def take_red_first(model: ModelProto) -> None:
    """Changes the model, whose input is (N, 3, H, W): its first convolutions read the channels in reverse order.

    So do scaling and normalisation before them. Raises GraphError if the colours meet in any other step.
    """
    write = Writer.on(model, "colours")
    reversed_maps = {input_name(model.graph)}
    for node in list(computing_nodes(model.graph)):
        if not reversed_maps.intersection(node.input):
            continue
        if node.op_type == "Conv" and attribute(node, "group", 1) == 1 and node.input[1] in write.fixed:
            node.input[1] = write.constant(np.ascontiguousarray(write.fixed[node.input[1]][:, ::-1]))
        elif node.op_type in ("Add", "Sub", "Mul", "Div", "BatchNormalization", "Pad"):
            _reverse_constants(node, write)
            reversed_maps.add(node.output[0])
        else:
            raise GraphError(f"blue and red cannot change places in it, as they meet first in the operator {node.op_type}")


def _reverse_constants(node: NodeProto, write: Writer) -> None:
    for at, name in enumerate(node.input):
        value = write.fixed.get(name)
        if value is not None and _is_per_channel(value, node):
            node.input[at] = write.constant(np.ascontiguousarray(np.flip(value, 0 if value.ndim == 1 else -3)))


def _is_per_channel(value: NDArray[np.generic], node: NodeProto) -> bool:
    if node.op_type == "BatchNormalization":
        return True
    return node.op_type != "Pad" and value.ndim >= 3 and value.shape[-3] == _CHANNELS
