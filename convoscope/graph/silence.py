"""One answer per channel of a tensor, each with that channel silent: leave-one-out without a whole run for each.

What comes before the tensor is computed once. If a convolution is next, it is computed once as well: being linear, it gives
with a channel silent what it gives with all of them, less that channel's own part.
"""

from functools import partial
from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper

from convoscope.graph.reading import attribute
from convoscope.graph.splice import splice
from convoscope.graph.step import Writer

SILENT = "silent"
_KEEP_SILENCE = frozenset(["Relu", "LeakyRelu", "MaxPool", "AveragePool", "Identity", "Dropout"])  # and channels apart


def silence(model: ModelProto, tensor: str) -> ModelProto:
    """A copy of the model with one more input, SILENT, int64 (K,): the channels of the tensor to be silenced.

    One picture gives K answers, each with one of these channels 0 at all positions.
    Raises GraphError if the network does not compute the tensor.
    """
    following = _following_convolution(model, tensor)
    if following is None:
        silenced = splice(model, "silence", {tensor: partial(_all_but_one, tensor)})
    else:
        silenced = splice(model, "silence", {following.output[0]: partial(_less_one_part, following)})
    silenced.graph.input.append(helper.make_tensor_value_info(SILENT, TensorProto.INT64, ["channels left out"]))
    return silenced


def _following_convolution(model: ModelProto, tensor: str) -> NodeProto | None:
    """The Conv that alone takes the tensor in, over steps that keep a silent channel silent; None if there is no such."""
    while True:
        takers = [node for node in model.graph.node if tensor in node.input]
        if len(takers) != 1:
            return None
        (node,) = takers
        if node.op_type == "Conv":
            return node if node.input[0] == tensor and attribute(node, "group", 1) == 1 else None
        if node.op_type not in _KEEP_SILENCE:
            return None
        tensor = node.output[0]


def _all_but_one(tensor: str, write: Writer, before: str) -> str:
    shape = write.shape(tensor)
    gains = write("OneHot", SILENT, write.integers(shape[1]), write.constant(np.array([1, 0], np.float32)))
    return write("Mul", before, write.reshape(gains, [-1, shape[1], *(1 for _ in shape[2:])]))


def _less_one_part(conv: NodeProto, write: Writer, before: str) -> str:
    """A channel's part: its patches, cut out by kernels with a single 1 each, times its own weights."""
    taken, weights = conv.input[:2]
    made, _, *sides = write.shape(weights)
    taps, given = int(np.prod(sides)), write.shape(conv.output[0])[2:]
    alone = write("Gather", write("Transpose", taken, perm=[1, 0, 2, 3]), SILENT)
    cutters = write.constant(np.eye(taps, dtype=np.float32).reshape(taps, 1, *sides))
    patches = write.reshape(write("Conv", alone, cutters, **_sliding(conv)), [-1, taps, int(np.prod(given))])
    own = write("Gather", write("Transpose", weights, perm=[1, 0, 2, 3]), SILENT)
    parts = write("MatMul", write.reshape(own, [-1, made, taps]), patches)
    return write("Sub", before, write.reshape(parts, [-1, made, *given]))


def _sliding(conv: NodeProto) -> dict[str, Any]:
    kept = {"auto_pad", "pads", "strides", "dilations"}
    return {each.name: helper.get_attribute_value(each) for each in conv.attribute if each.name in kept}
