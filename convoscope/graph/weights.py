"""Weights become optional inputs, so that one session runs the network with the values of any moment of its training."""

from onnx import ModelProto, helper

from convoscope.graph.reading import copied, input_name


def adjustable(model: ModelProto) -> ModelProto:
    """A copy of the model in which every initialiser is an input with its own value as default (ONNX IR version 4 and up)."""
    opened = copied(model)
    given = input_name(model.graph)
    del opened.graph.input[:]
    opened.graph.input.extend(value for value in model.graph.input if value.name == given)
    opened.graph.input.extend(
        helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims) for tensor in model.graph.initializer
    )
    return opened
