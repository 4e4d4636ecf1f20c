"""Plain module → ONNX with one named tensor per step."""

import warnings
from pathlib import Path

import onnx
import torch
from onnx import ModelProto
from torch import nn

from train.recipes import Recipe

OPSET = 20


def export(plain: nn.Sequential, recipe: Recipe, path: Path) -> ModelProto:
    """Writes the graph, weights inside, with a free batch size. Each tensor bears the name of the step that makes it."""
    channels = recipe.preprocessing.channel_count
    example = torch.zeros(2, channels, recipe.size, recipe.size)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's notices about its own internals
        program = torch.onnx.export(
            plain,
            (example,),
            dynamo=True,
            verbose=False,
            opset_version=OPSET,
            input_names=["input"],
            output_names=["logits"],
            dynamic_shapes=({0: torch.export.Dim("batch")},),
            external_data=False,
        )
    assert program is not None
    model = program.model_proto
    _name_tensors(model, [name for name, _ in plain.named_children()])
    _forget_the_machine(model)
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString())
    return model


def _name_tensors(model: ModelProto, names: list[str]) -> None:
    nodes = model.graph.node
    if len(nodes) != len(names):
        raise ValueError(f"{len(names)} steps became {len(nodes)} operators")
    new = {node.output[0]: name for node, name in zip(nodes, names, strict=True)}
    for node in nodes:
        node.name = new[node.output[0]]
        node.input[:] = [new.get(name, name) for name in node.input]
        node.output[:] = [new[node.output[0]]]
    for value in model.graph.value_info:
        value.name = new.get(value.name, value.name)


def _forget_the_machine(model: ModelProto) -> None:
    """The exporter notes source files and stack traces in every node."""
    del model.metadata_props[:], model.graph.metadata_props[:]
    for item in (*model.graph.node, *model.graph.value_info, *model.graph.input, *model.graph.output):
        del item.metadata_props[:]
    for tensor in model.graph.initializer:
        del tensor.metadata_props[:]
    model.graph.doc_string = ""
    model.producer_name, model.producer_version = "convoscope", ""
