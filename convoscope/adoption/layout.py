"""Channels moved to the front: a graph that keeps them last, or turns tensors on the way, → the same without a Transpose.

Gone through once in its order. Of every tensor of the old graph is known how the new one holds it: by what name, with its axes in
what order, and flattened ones with their numbers in what order. A Transpose then is no step, but another way to read what is
held; a step works on what is held, with its axes, constants and weights turned instead. Where that cannot be, the tensor is
turned after all, and `check_operators` will name the Transpose.
"""

from collections.abc import Sequence
from typing import Any

from onnx import ModelProto

from convoscope.adoption.held import FRONT, Held, Layout
from convoscope.adoption.rules import take
from convoscope.graph.reading import computing_nodes, graph_input, input_name


def picture_sizes(model: ModelProto) -> Sequence[Any]:
    """The declared sizes of the input, as ONNX has them."""
    sizes: Sequence[Any] = graph_input(model.graph).type.tensor_type.shape.dim
    return sizes


def is_channel_last(model: ModelProto) -> bool:
    """Whether it takes pictures as (N, H, W, C)."""
    sizes = [size.dim_value for size in picture_sizes(model)]
    return len(sizes) == 4 and sizes[3] in (1, 3) and sizes[1] not in (1, 3)


def channels_first(model: ModelProto) -> None:
    """Changes the model, which takes pictures as (N, C, H, W) from then on. Raises GraphError for an open shape."""
    layout = Layout(model)
    nodes = list(model.graph.node)
    moving = {node.output[0] for node in computing_nodes(model.graph)}
    name = input_name(model.graph)
    layout.held[name] = Held(name, tuple(range(len(picture_sizes(model)))))
    if is_channel_last(model):
        sizes = picture_sizes(model)
        _, height, width, channels = (size.dim_value for size in sizes)
        for size, value in zip(sizes[1:], (channels, height, width), strict=True):
            size.dim_value = value
        layout.held[name] = Held(name, FRONT)
    del model.graph.node[:], model.graph.value_info[:]
    for node in nodes:
        if node.output[0] in moving:
            take(layout, node)
        else:
            model.graph.node.append(node)
    for output in model.graph.output:
        _rename(model, layout.as_it_was(output.name), output.name)


def _rename(model: ModelProto, name: str, wanted: str) -> None:
    for node in model.graph.node:
        for names in (node.input, node.output):
            for at, each in enumerate(names):
                if each == name:
                    names[at] = wanted
