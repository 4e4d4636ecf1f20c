"""Small ONNX models made by hand, and the model folders that hold them."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from convoscope.card import Preprocessing
from convoscope.layers import layer_names
from convoscope.photo import Photo, from_pixels
from convoscope.prepare import Prepared, centre_crop, prepare

OPSET = 20


def node(operator: str, inputs: str, output: str, **attributes: Any) -> NodeProto:
    """One step. inputs: names with spaces between; '-' stands for an input that is left out."""
    names = ["" if name == "-" else name for name in inputs.split()]
    return helper.make_node(operator, names, [output], **attributes)


def constant(name: str, value: NDArray[Any]) -> NodeProto:
    return helper.make_node("Constant", [], [name], value=numpy_helper.from_array(value))


def model(
    nodes: Sequence[NodeProto],
    weights: dict[str, NDArray[Any]],
    shape: tuple[int, int, int],
    output: str = "logits",
    opset: int = OPSET,
) -> ModelProto:
    """A model with the input 'input', float32 (N, *shape)."""
    graph = helper.make_graph(
        nodes,
        "by hand",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", *shape])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)


def card(built: ModelProto, size: int, channels: int, classes: int, /, **changes: Any) -> dict[str, Any]:
    """The content of a card for the model, as a stranger's network has it: nothing measured."""
    names = layer_names(built) if "layers" not in changes else ()
    return {
        "schema_version": 1,
        "name": "by-hand",
        "title": "By hand",
        "description": "a network made by hand",
        "sha256": hashlib.sha256(built.SerializeToString()).hexdigest(),
        "preprocessing": {
            "size": size,
            "channels": "RGB" if channels == 3 else "grey",
            "fit": "centre crop",
            "resample": "bilinear",
            "mean": [0.5] * channels,
            "std": [0.25] * channels,
        },
        "classes": [f"class {number}" for number in range(classes)],
        "layers": [{"name": name, "title": f"Layer {name}"} for name in names],
        "results": None,
        "calibration": None,
        "novelty": None,
        "origin": None,
        "licence": None,
    } | changes


def write(folder: Path, built: ModelProto, content: dict[str, Any]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(built.SerializeToString())
    (folder / "card.json").write_text(json.dumps(content))
    return folder


def noise(shape: tuple[int, ...], seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def photo(height: int = 40, width: int = 40, seed: int = 0) -> Photo:
    """A photo of random blotches."""
    coarse = np.random.default_rng(seed).integers(0, 256, (-(-height // 5), -(-width // 5), 3), dtype=np.uint8)
    return from_pixels(coarse.repeat(5, 0).repeat(5, 1)[:height, :width], "noise")


def prepared(preprocessing: Preprocessing, seed: int = 0) -> Prepared:
    shown = photo(seed=seed)
    return prepare(shown, centre_crop(shown), preprocessing)


def deep(layers: int = 24, size: int = 12) -> ModelProto:
    """Convolutions with ReLU in a long row, named as PyTorch names those of blocks; then three classes."""
    nodes, weights, given = [], {}, "input"
    for at in range(layers):
        name = f"blocks.{at}.conv.weight"
        weights[name] = noise((4, 4 if at else 3, 3, 3), at) / 4
        nodes += [node("Conv", f"{given} {name}", f"conv{at}", pads=[1, 1, 1, 1]), node("Relu", f"conv{at}", f"relu{at}")]
        given = f"relu{at}"
    nodes += [node("GlobalAveragePool", given, "average"), node("Flatten", "average", "features")]
    nodes.append(node("Gemm", "features head.weight", "logits", transB=1))
    return model(nodes, weights | {"head.weight": noise((3, 4))}, (3, size, size))


def large(size: int = 224, channels: int = 512) -> ModelProto:
    """A layer of many large maps, then a convolution that reads all of them, ReLU, pooling, and two classes."""
    nodes = [
        node("Conv", "input k1 b1", "conv1"),
        node("Conv", "conv1 k2 b2", "conv2", pads=[1, 1, 1, 1]),
        node("Relu", "conv2", "relu2"),
        node("MaxPool", "relu2", "pool2", kernel_shape=[2, 2], strides=[2, 2]),
        node("GlobalAveragePool", "pool2", "average"),
        node("Flatten", "average", "features"),
        node("Gemm", "features k3 b3", "logits", transB=1),
    ]
    shapes = {"k1": (channels, 3, 1, 1), "k2": (2, channels, 3, 3), "k3": (2, 2)}
    weights = {name: noise(shape, seed) for seed, (name, shape) in enumerate(shapes.items())}
    weights |= {"b1": noise((channels,), 3), "b2": noise((2,), 4), "b3": noise((2,), 5)}
    return model(nodes, weights, (3, size, size))
