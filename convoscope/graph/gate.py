"""A gain on every channel, as an input: one session answers "what if this channel were silent", many variants at a time."""

from collections.abc import Collection
from functools import partial

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

from convoscope.graph.splice import splice
from convoscope.graph.step import Writer


def gain_of(tensor: str) -> str:
    """The name of the input that holds the gains of a tensor's channels."""
    return f"gain({tensor})"


def gate(model: ModelProto, tensors: Collection[str]) -> ModelProto:
    """A copy of the model in which each channel of these tensors is multiplied by a gain; the tensors keep their names.

    The gains are inputs gain_of(tensor), float32 (V, C). They may be left out: then they are 1. V variants and one picture
    give V answers, and what comes before the first gated step is computed once; V pictures may come with V variants or with
    one. Other surgery, in this order: tap, adjustable, gate, backward. A gradient with respect to gains is one per variant.

    Raises GraphError for a tensor that the network does not compute.
    """
    return splice(model, "gate", {tensor: partial(_gated, tensor) for tensor in tensors})


def _gated(tensor: str, write: Writer, before: str) -> str:
    shape, gain = write.shape(tensor), gain_of(tensor)
    write.graph.input.append(helper.make_tensor_value_info(gain, TensorProto.FLOAT, ["variants of gains", shape[1]]))
    write.graph.initializer.append(numpy_helper.from_array(np.ones((1, shape[1]), np.float32), gain))
    return write("Mul", before, write.reshape(gain, [-1, shape[1], *(1 for _ in shape[2:])]))
