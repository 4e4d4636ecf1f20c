"""Other outputs for the same network."""

from collections.abc import Sequence

from onnx import ModelProto, TensorProto, helper

from convoscope.graph.reading import copied


def show(model: ModelProto, tensors: Sequence[str]) -> ModelProto:
    """A copy of the model whose outputs are these tensors, float32, that it computes."""
    shown = copied(model)
    del shown.graph.output[:]
    shown.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in dict.fromkeys(tensors))
    return shown
