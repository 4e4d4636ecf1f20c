"""Odd networks, each built twice: as an ONNX graph by hand and as PyTorch. Together they use every supported operator."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto
from torch import Tensor
from torch.nn import functional

from convoscope.adoption.channel_norm import declare
from convoscope.graph.reading import OWN_DOMAIN
from convoscope.network import Network, load
from tests.graphs import OPSET, card, constant, model, node, noise, write

SIZE = 9
Tensors = dict[str, Tensor]


@dataclass(frozen=True)
class Odd:
    """twin: the input and the weights → every tensor under its name in the graph, by PyTorch."""

    nodes: list[NodeProto]
    weights: dict[str, NDArray[Any]]
    twin: Callable[[Tensor, Tensors], Tensors]
    layers: dict[str, list[str]]  # by hand: the tensors of each layer
    parameters: int  # by hand
    channels: int = 3
    classes: int = 5
    output: str = "logits"
    opset: int = OPSET
    fixed: dict[str, NDArray[Any]] = field(default_factory=dict)  # weights in Constant nodes

    def model(self) -> ModelProto:
        nodes = [constant(name, value) for name, value in self.fixed.items()] + self.nodes
        built = model(nodes, self.weights, (self.channels, SIZE, SIZE), self.output, self.opset)
        declare(built)
        return built

    def load(self, folder: Path, **changes: Any) -> Network:
        built = self.model()
        return load(write(folder, built, card(built, SIZE, self.channels, self.classes, **changes)))

    def expected(self, tensor: NDArray[np.float32]) -> Tensors:
        """What PyTorch computes from float32 (N, C, S, S)."""
        weights = {name: torch.from_numpy(np.array(value)) for name, value in (self.weights | self.fixed).items()}
        with torch.no_grad():
            return self.twin(torch.from_numpy(tensor), weights)


def _strided(x: Tensor, w: Tensors) -> Tensors:
    conv1 = functional.conv2d(functional.pad(x, (2, 1, 0, 3)), w["k1"], w["b1"], stride=(2, 1))
    relu1 = functional.relu(conv1)
    conv2 = functional.conv2d(relu1, w["k2"], None, padding=2, dilation=2)
    leaky = functional.leaky_relu(conv2, 0.2)
    conv3 = functional.conv2d(leaky, w["k3"], w["b3"], padding=1, groups=3)
    clip = conv3.clamp(0, 6)
    average = clip.mean((2, 3), keepdim=True)
    features = average.flatten(1)
    logits = features @ w["d"].T + w["db"]
    return locals()


STRIDED = Odd(  # 5×5 with stride and uneven padding; dilation; groups; leaky ReLU; ReLU6
    [
        node("Conv", "input k1 b1", "conv1", kernel_shape=[5, 5], strides=[2, 1], pads=[0, 2, 3, 1]),
        node("Relu", "conv1", "relu1"),
        node("Conv", "relu1 k2", "conv2", kernel_shape=[3, 3], dilations=[2, 2], pads=[2, 2, 2, 2]),
        node("LeakyRelu", "conv2", "leaky", alpha=0.2),
        node("Conv", "leaky k3 b3", "conv3", kernel_shape=[3, 3], group=3, pads=[1, 1, 1, 1]),
        node("Clip", "conv3 low high", "clip"),
        node("GlobalAveragePool", "clip", "average"),
        node("Flatten", "average", "features"),
        node("Gemm", "features d db", "logits", transB=1),
    ],
    {
        "k1": noise((4, 3, 5, 5)) / 5,
        "b1": noise((4,)),
        "k2": noise((6, 4, 3, 3)) / 5,
        "k3": noise((9, 2, 3, 3)),
        "b3": noise((9,)),
        "low": np.float32(0),
        "high": np.float32(6),
        "d": noise((5, 9)),
        "db": noise((5,)),
    },
    _strided,
    {
        "conv1": ["conv1", "relu1"],
        "conv2": ["conv2", "leaky"],
        "conv3": ["conv3", "clip", "average", "features"],
        "logits": ["logits"],
    },
    parameters=4 * 3 * 25 + 4 + 6 * 4 * 9 + 9 * 2 * 9 + 9 + 5 * 9 + 5,
)


def _residual(x: Tensor, w: Tensors) -> Tensors:
    shifted = w["centre"] - x
    scaled = shifted * w["scale"]
    conv1 = functional.conv2d(scaled, w["k1"], padding=1)
    norm1 = functional.batch_norm(conv1, w["m"], w["v"], w["g"], w["b"], eps=1e-3)
    relu1 = functional.relu(norm1)
    conv2 = functional.conv2d(relu1, w["k2"], w["b2"], padding=1)
    relu2 = functional.relu(conv2)
    joined = relu2 + relu1
    side = functional.conv2d(joined, w["k3"])
    both = torch.cat([joined, side], 1)
    pooled = functional.avg_pool2d(both, 3, stride=2, padding=1, count_include_pad=False)
    mean = pooled.mean((2, 3))
    product = mean @ w["d"]
    logits = product + w["db"]
    probabilities = logits.softmax(1)
    return locals()


RESIDUAL = Odd(  # steps before the first convolution; batch normalisation; a sum, a join; average pooling; dense in two; softmax
    [
        node("Sub", "centre input", "shifted"),
        node("Mul", "shifted scale", "scaled"),
        node("Conv", "scaled k1", "conv1", pads=[1, 1, 1, 1]),
        node("BatchNormalization", "conv1 g b m v", "norm1", epsilon=1e-3),
        node("Relu", "norm1", "relu1"),
        node("Conv", "relu1 k2 b2", "conv2", pads=[1, 1, 1, 1]),
        node("Relu", "conv2", "relu2"),
        node("Add", "relu2 relu1", "joined"),
        node("Conv", "joined k3", "side"),
        node("Concat", "joined side", "both", axis=1),
        node("AveragePool", "both", "pooled", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
        node("ReduceMean", "pooled axes", "mean", keepdims=0),
        node("MatMul", "mean d", "product"),
        node("Add", "product db", "logits"),
        node("Softmax", "logits", "probabilities", axis=1),
    ],
    {
        "centre": noise((1, 3, 1, 1)),
        "scale": np.abs(noise((3, 1, 1))),
        "k1": noise((4, 3, 3, 3)) / 3,
        "g": noise((4,)),
        "b": noise((4,), 1),
        "m": noise((4,), 2),
        "v": np.abs(noise((4,), 3)) + 0.1,
        "k2": noise((4, 4, 3, 3)) / 3,
        "b2": noise((4,)),
        "k3": noise((2, 4, 1, 1)),
        "axes": np.array([2, 3]),
        "d": noise((6, 5)),
        "db": noise((5,)),
    },
    _residual,
    {
        "conv1": ["shifted", "scaled", "conv1", "norm1", "relu1"],
        "conv2": ["conv2", "relu2", "joined"],
        "side": ["side", "both", "pooled", "mean"],
        "product": ["product", "logits", "probabilities"],
    },
    parameters=6 + 4 * 3 * 9 + 2 * 4 + 4 * 4 * 9 + 4 + 2 * 4 + 6 * 5 + 5,
    output="probabilities",
)


def _dense(x: Tensor, w: Tensors) -> Tensors:
    conv1 = functional.conv2d(x, w["k1"], w["b1"])
    relu1 = functional.relu(conv1)
    pool1 = functional.max_pool2d(relu1, 3, stride=2, padding=1)
    same = pool1
    dropped = same
    flat = dropped.reshape(-1, 2 * 4 * 4)
    hidden = 0.5 * (flat @ w["d1"]) + 2.0 * w["c1"]
    relu2 = functional.relu(hidden)
    logits = relu2 @ w["d2"].T
    return locals()


DENSE = Odd(  # weights in Constant nodes; one channel; two dense layers, with and without transposition, factors and bias
    [
        node("Conv", "input k1 b1", "conv1"),
        node("Relu", "conv1", "relu1"),
        node("MaxPool", "relu1", "pool1", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
        node("Identity", "pool1", "same"),
        node("Dropout", "same ratio", "dropped"),
        node("Reshape", "dropped shape", "flat"),
        node("Identity", "d1", "turned"),
        node("Gemm", "flat turned c1", "hidden", alpha=0.5, beta=2.0),
        node("Relu", "hidden", "relu2"),
        node("Gemm", "relu2 d2", "logits", transB=1),
    ],
    {},
    _dense,
    {
        "conv1": ["conv1", "relu1", "pool1", "same", "dropped", "flat"],
        "hidden": ["hidden", "relu2"],
        "logits": ["logits"],
    },
    parameters=2 * 9 + 2 + 32 * 7 + 7 + 5 * 7,
    channels=1,
    fixed={
        "k1": noise((2, 1, 3, 3)),
        "b1": noise((2,)),
        "ratio": np.float32(0.3),
        "shape": np.array([-1, 32]),
        "d1": noise((32, 7)) / 3,
        "c1": noise((1, 7)),
        "d2": noise((5, 7)),
    },
)


def _old(x: Tensor, w: Tensors) -> Tensors:
    conv1 = functional.conv2d(x, w["k1"], w["b1"], padding=1)
    clip = conv1.clamp(-1, 1)
    pool1 = functional.max_pool2d(clip, 2, ceil_mode=True)
    twice = pool1 * w["gain"]
    mean = twice.mean((2, 3), keepdim=True)
    flat = mean.reshape(-1, 4)
    logits = flat @ w["d"] + w["db"]
    return locals()


OLD = Odd(  # as older exporters write it: bounds and axes as attributes
    [
        node("Conv", "input k1 b1", "conv1", pads=[1, 1, 1, 1]),
        node("Clip", "conv1", "clip", min=-1.0, max=1.0),
        node("MaxPool", "clip", "pool1", kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1),
        node("Mul", "pool1 gain", "twice"),
        node("ReduceMean", "twice", "mean", axes=[-1, -2], keepdims=1),
        node("Reshape", "mean shape", "flat"),
        node("Gemm", "flat d db", "logits"),
    ],
    {
        "k1": noise((4, 3, 3, 3)),
        "b1": noise((4,)),
        "gain": np.array([2], np.float32),
        "shape": np.array([-1, 4]),
        "d": noise((4, 5)),
        "db": noise((5,)),
    },
    _old,
    {"conv1": ["conv1", "clip", "pool1", "twice", "mean", "flat"], "logits": ["logits"]},
    parameters=4 * 3 * 9 + 4 + 4 * 5 + 5,
    opset=10,
)


def _curved(x: Tensor, w: Tensors) -> Tensors:
    scaled = x / w["spread"]
    conv1 = functional.conv2d(scaled, w["k1"], w["b1"], padding=1)
    swish1 = functional.hardswish(conv1)
    squeezed = swish1.mean((2, 3), keepdim=True)
    less = functional.conv2d(squeezed, w["k2"], w["b2"])
    bent = functional.elu(less, 0.7)
    more = functional.conv2d(bent, w["k3"], w["b3"])
    gate = functional.hardsigmoid(more)
    excited = swish1 * gate
    conv2 = functional.conv2d(excited, w["k4"], w["b4"])
    share = conv2.sigmoid()
    silu2 = conv2 * share
    tanh = silu2.tanh()
    mean = tanh.mean((2, 3), keepdim=True)
    flat = mean.flatten(1)
    logits = flat @ w["d"].T + w["db"]
    logs = logits.softmax(1)  # as it is settled
    return locals()


CURVED = Odd(  # squeeze and excitation; hard swish, SiLU, tanh, ELU; a quotient; log softmax
    [
        node("Div", "input spread", "scaled"),
        node("Conv", "scaled k1 b1", "conv1", pads=[1, 1, 1, 1]),
        node("HardSwish", "conv1", "swish1"),
        node("GlobalAveragePool", "swish1", "squeezed"),
        node("Conv", "squeezed k2 b2", "less"),
        node("Elu", "less", "bent", alpha=0.7),
        node("Conv", "bent k3 b3", "more"),
        node("HardSigmoid", "more", "gate", alpha=1 / 6),
        node("Mul", "swish1 gate", "excited"),
        node("Conv", "excited k4 b4", "conv2"),
        node("Sigmoid", "conv2", "share"),
        node("Mul", "conv2 share", "silu2"),
        node("Tanh", "silu2", "tanh"),
        node("GlobalAveragePool", "tanh", "mean"),
        node("Flatten", "mean", "flat"),
        node("Gemm", "flat d db", "logits", transB=1),
        node("LogSoftmax", "logits", "logs", axis=1),
    ],
    {
        "spread": -0.5 - np.abs(noise((3, 1, 1))),
        "k1": noise((4, 3, 3, 3)),
        "b1": noise((4,)),
        "k2": noise((2, 4, 1, 1)),
        "b2": noise((2,)),
        "k3": noise((4, 2, 1, 1)),
        "b3": noise((4,)),
        "k4": noise((6, 4, 1, 1)),
        "b4": noise((6,)),
        "d": noise((5, 6)),
        "db": noise((5,)),
    },
    _curved,
    {
        "conv1": ["scaled", "conv1", "swish1", "squeezed"],
        "less": ["less", "bent"],
        "more": ["more", "gate", "excited"],
        "conv2": ["conv2", "share", "silu2", "tanh", "mean", "flat"],
        "logits": ["logits", "logs"],
    },
    parameters=3 + 4 * 27 + 4 + 2 * 4 + 2 + 4 * 2 + 4 + 6 * 4 + 6 + 5 * 6 + 5,
    output="logs",
)


def _modern(x: Tensor, w: Tensors) -> Tensors:
    padded = functional.pad(x, (2, 1, 1, 2))
    conv1 = functional.conv2d(padded, w["k1"], w["b1"])
    over_channels = functional.layer_norm(conv1.permute(0, 2, 3, 1), (4,), w["g1"].ravel(), w["s1"].ravel(), 1e-3)
    normal = over_channels.permute(0, 3, 1, 2)
    gelu1 = functional.gelu(normal)
    some = gelu1[:, [2, 0, 3]]
    bent = functional.prelu(some, w["slopes"].ravel())
    conv2 = functional.conv2d(bent, w["k2"], w["b2"])
    gelu2 = functional.gelu(conv2, approximate="tanh")
    curved = gelu2.erf()
    plus = functional.softplus(curved)
    root = plus.sqrt()
    mean = root.mean((2, 3), keepdim=True)
    flat = mean.flatten(1)
    features = functional.layer_norm(flat, (4,), w["g2"], w["s2"], 1e-5)
    logits = features @ w["d"].T + w["db"]
    return locals()


MODERN = Odd(  # layer normalisation over channels; GELU; a choice of channels; parametric ReLU; zeros around signed maps
    [
        node("Pad", "input pads", "padded"),
        node("Conv", "padded k1 b1", "conv1"),
        node("LayerNormalization", "conv1 g1 s1", "normal", domain=OWN_DOMAIN, epsilon=1e-3),
        node("Gelu", "normal", "gelu1"),
        node("Gather", "gelu1 chosen", "some", axis=1),
        node("PRelu", "some slopes", "bent"),
        node("Conv", "bent k2 b2", "conv2"),
        node("Gelu", "conv2", "gelu2", approximate="tanh"),
        node("Erf", "gelu2", "curved"),
        node("Softplus", "curved", "plus"),
        node("Sqrt", "plus", "root"),
        node("GlobalAveragePool", "root", "mean"),
        node("Flatten", "mean", "flat"),
        node("LayerNormalization", "flat g2 s2", "features", domain=OWN_DOMAIN, epsilon=1e-5),
        node("Gemm", "features d db", "logits", transB=1),
    ],
    {
        "pads": np.array([0, 0, 1, 2, 0, 0, 2, 1]),
        "k1": noise((4, 3, 3, 3)) / 3,
        "b1": noise((4,)),
        "g1": noise((4, 1, 1), 1),
        "s1": noise((4, 1, 1), 2),
        "chosen": np.array([2, 0, 3]),
        "slopes": noise((3, 1, 1), 3),
        "k2": noise((4, 3, 1, 1)),
        "b2": noise((4,), 1),
        "g2": noise((4,), 4),
        "s2": noise((4,), 5),
        "d": noise((5, 4)),
        "db": noise((5,)),
    },
    _modern,
    {
        "conv1": ["padded", "conv1", "normal", "gelu1", "some", "bent"],
        "conv2": ["conv2", "gelu2", "curved", "plus", "root", "mean", "flat", "features"],
        "logits": ["logits"],
    },
    parameters=4 * 27 + 4 + 2 * 4 + 3 + 3 * 4 + 4 + 2 * 4 + 5 * 4 + 5,
)


def _responsive(x: Tensor, w: Tensors) -> Tensors:
    conv1 = functional.conv2d(x, w["k1"], w["b1"])
    squares = conv1 * conv1
    mean = squares.mean((2, 3), keepdim=True)
    sums = mean * w["count"]
    norm = sums.sqrt()
    typical = norm.mean(1, keepdim=True)
    raised = typical + w["tiny"]
    ratio = norm / raised
    scaled = conv1 * ratio
    gained = scaled * w["gain"]
    shifted = gained + w["shift"]
    kept = shifted + conv1
    place = kept.mean(1, keepdim=True)
    gate = place.sigmoid()
    gated = kept * gate
    pooled = gated.mean((2, 3), keepdim=True)
    same = pooled.reshape(-1, 4, 1, 1)
    flat = same.flatten(1)
    logits = flat @ w["d"].T + w["db"]
    return locals()


RESPONSIVE = Odd(  # global response normalisation; a gate for each place; means over channels; numbers reshaped into themselves
    [
        node("Conv", "input k1 b1", "conv1"),
        node("Mul", "conv1 conv1", "squares"),
        node("ReduceMean", "squares places", "mean"),
        node("Mul", "mean count", "sums"),
        node("Sqrt", "sums", "norm"),
        node("ReduceMean", "norm channels", "typical"),
        node("Add", "typical tiny", "raised"),
        node("Div", "norm raised", "ratio"),
        node("Mul", "conv1 ratio", "scaled"),
        node("Mul", "scaled gain", "gained"),
        node("Add", "gained shift", "shifted"),
        node("Add", "shifted conv1", "kept"),
        node("ReduceMean", "kept channels", "place"),
        node("Sigmoid", "place", "gate"),
        node("Mul", "kept gate", "gated"),
        node("GlobalAveragePool", "gated", "pooled"),
        node("Reshape", "pooled numbers", "same"),
        node("Flatten", "same", "flat"),
        node("Gemm", "flat d db", "logits", transB=1),
    ],
    {
        "k1": noise((4, 3, 3, 3)) / 3,
        "b1": noise((4,)),
        "places": np.array([2, 3]),
        "channels": np.array([1]),
        "count": np.float32(49),
        "tiny": np.float32(0.5),
        "gain": noise((4, 1, 1), 1),
        "shift": np.zeros((4, 1, 1), np.float32),
        "numbers": np.array([-1, 4, 1, 1]),
        "d": noise((5, 4)),
        "db": noise((5,)),
    },
    _responsive,
    {
        "conv1": [
            *("conv1", "squares", "mean", "sums", "norm", "typical", "raised", "ratio", "scaled", "gained", "shifted"),
            *("kept", "place", "gate", "gated", "pooled", "same", "flat"),
        ],
        "logits": ["logits"],
    },
    parameters=4 * 27 + 4 + 4 + 4 + 5 * 4 + 5,
)

ZOO = {
    "strided": STRIDED,
    "residual": RESIDUAL,
    "dense": DENSE,
    "old": OLD,
    "curved": CURVED,
    "modern": MODERN,
    "responsive": RESPONSIVE,
}
