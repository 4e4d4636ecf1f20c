"""Small random networks for hypothesis, each as an ONNX graph and as the same steps in PyTorch."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto
from torch import Tensor
from torch.nn import functional

from tests.graphs import model, node

CLASSES = 4
Draw = Callable[[st.SearchStrategy[Any]], Any]
Tensors = dict[str, Tensor]


@dataclass
class Twins:
    """Grows step by step. tensors: every tensor under its name in the graph, by PyTorch, for one batch."""

    draw: Draw
    shape: tuple[int, int, int]
    opset: int
    nodes: list[NodeProto] = field(default_factory=list)
    weights: dict[str, NDArray[Any]] = field(default_factory=dict)
    tensors: Tensors = field(default_factory=dict)
    fixed: set[str] = field(default_factory=set)  # weights that have no gradient

    def __post_init__(self) -> None:
        self.random = np.random.default_rng(self.draw(st.integers(0, 2**32 - 1)))
        self.pictures = self.draw(st.integers(1, 3))
        self.tensors["input"] = torch.tensor(self.normal(self.pictures, *self.shape), requires_grad=True)
        self.last = "input"

    def normal(self, *shape: int) -> NDArray[np.float32]:
        return self.random.normal(size=shape).astype(np.float32)

    def weight(self, value: NDArray[Any], fixed: bool = False) -> tuple[str, Tensor]:
        name = f"w{len(self.weights)}"
        self.weights[name] = value
        self.tensors[name] = torch.tensor(value, requires_grad=not fixed)
        if fixed:
            self.fixed.add(name)
        return name, self.tensors[name]

    def step(self, operator: str, inputs: str, value: Tensor, **attributes: Any) -> None:
        self.last = f"t{len(self.nodes)}"
        self.nodes.append(node(operator, inputs, self.last, **attributes))
        self.tensors[self.last] = value

    @property
    def x(self) -> Tensor:
        return self.tensors[self.last]

    def model(self) -> ModelProto:
        self.nodes[-1].output[0] = "logits"
        self.tensors["logits"] = self.tensors.pop(self.last)
        return model(self.nodes, self.weights, self.shape, opset=self.opset)


def _pair(twins: Twins, low: int, high: int) -> list[int]:
    return [twins.draw(st.integers(low, high)) for _ in range(2)]


def _kernel(twins: Twins) -> list[int]:
    return [twins.draw(st.integers(1, min(3, side))) for side in twins.x.shape[2:]]


def _window(twins: Twins) -> tuple[list[int], list[int], list[int]]:
    """Kernel, stride and dilation of a window that fits."""
    kernel = _kernel(twins)
    fits = [(k - 1) * 2 + 1 <= side for k, side in zip(kernel, twins.x.shape[2:], strict=True)]
    return kernel, _pair(twins, 1, 3), [twins.draw(st.integers(1, 1 + fit)) for fit in fits]


def _torch_pads(pads: list[int]) -> tuple[int, int, int, int]:
    top, left, bottom, right = pads
    return left, right, top, bottom


def _pads(twins: Twins, kernel: list[int], stride: list[int], dilation: list[int]) -> tuple[dict[str, Any], list[int]]:
    """Attributes, and the padding they stand for: top, left, bottom, right."""
    automatic = twins.draw(st.sampled_from(["", "", "SAME_UPPER", "SAME_LOWER", "VALID"]))
    usual = dilation == [1, 1] and all(k >= s for k, s in zip(kernel, stride, strict=True))  # else ONNX Runtime goes its own way
    if automatic.startswith("SAME") and usual:
        sides = twins.x.shape[2:]
        total = [max(0, (-(-n // s) - 1) * s + k - n) for n, s, k in zip(sides, stride, kernel, strict=True)]
        less, more = [each // 2 for each in total], [-(-each // 2) for each in total]
        return {"auto_pad": automatic}, less + more if automatic == "SAME_UPPER" else more + less
    if automatic == "VALID":
        return {"auto_pad": automatic}, [0, 0, 0, 0]
    pads = [twins.draw(st.integers(0, k - 1)) for k in kernel * 2]
    return {"pads": pads}, pads


def conv(twins: Twins) -> None:
    channels = twins.x.shape[1]
    groups = twins.draw(st.sampled_from([each for each in (1, 2, 3) if channels % each == 0]))
    kernel, stride, dilation = _window(twins)
    attributes, pads = _pads(twins, kernel, stride, dilation)
    made = groups * twins.draw(st.integers(1, 2))
    name, w = twins.weight(twins.normal(made, channels // groups, *kernel))
    bias, b = twins.weight(twins.normal(made)) if twins.draw(st.booleans()) else ("", None)
    value = functional.conv2d(functional.pad(twins.x, _torch_pads(pads)), w, b, stride, 0, dilation, groups)
    inputs = f"{twins.last} {name} {bias}"
    twins.step("Conv", inputs, value, strides=stride, dilations=dilation, group=groups, **attributes)


def max_pool(twins: Twins) -> None:
    kernel, stride, dilation = _window(twins)
    attributes, pads = _pads(twins, kernel, stride, dilation)
    padded = functional.pad(twins.x, _torch_pads(pads), value=-torch.inf)
    value = functional.max_pool2d(padded, kernel, stride, 0, dilation)
    twins.step("MaxPool", twins.last, value, kernel_shape=kernel, strides=stride, dilations=dilation, **attributes)


def tiling_pool(twins: Twins) -> None:
    """Windows side by side, over maps in which many cells are equal."""
    kernel = [twins.draw(st.sampled_from([k for k in (1, 2, 3, 4) if side % k == 0])) for side in twins.x.shape[2:]]
    _clip(twins, -0.5, 0.5)
    twins.step("MaxPool", twins.last, functional.max_pool2d(twins.x, kernel), kernel_shape=kernel, strides=kernel)


def even_pool(twins: Twins) -> None:
    """Padded as PyTorch has it, at most half the kernel and the same at both ends; the last window may reach out."""
    sides = list(twins.x.shape[2:])
    kernel, stride = _kernel(twins), _pair(twins, 1, 3)
    pad = [twins.draw(st.integers(0, each // 2)) for each in kernel]
    starts = [-(-(n + 2 * p - k) // s) * s for n, p, k, s in zip(sides, pad, kernel, stride, strict=True)]
    inside = all(start < n + p for start, n, p in zip(starts, sides, pad, strict=True))  # else not even runtimes agree
    ceiled = inside and twins.draw(st.booleans())
    common = {"kernel_shape": kernel, "strides": stride, "pads": pad * 2, "ceil_mode": int(ceiled)}
    if twins.draw(st.booleans()):
        twins.step("MaxPool", twins.last, functional.max_pool2d(twins.x, kernel, stride, pad, 1, ceiled), **common)
    else:
        counted = twins.draw(st.booleans())
        value = functional.avg_pool2d(twins.x, kernel, stride, pad, ceiled, counted)
        twins.step("AveragePool", twins.last, value, count_include_pad=int(counted), **common)


def relu(twins: Twins) -> None:
    twins.step("Relu", twins.last, functional.relu(twins.x))


def leaky_relu(twins: Twins) -> None:
    alpha = twins.draw(st.sampled_from([-0.5, 0.0, 0.01, 0.3]))
    twins.step("LeakyRelu", twins.last, functional.leaky_relu(twins.x, alpha), alpha=alpha)


def clip(twins: Twins) -> None:
    _clip(twins, *twins.draw(st.sampled_from([(0.0, 6.0), (-1.0, 1.0), (None, 0.5), (-0.5, None)])))


def _clip(twins: Twins, low: float | None, high: float | None) -> None:
    value = twins.x.clamp(low, high)
    if twins.opset < 11:
        twins.step("Clip", twins.last, value, **{k: v for k, v in (("min", low), ("max", high)) if v is not None})
    else:
        names = ["-" if bound is None else twins.weight(np.array(bound, np.float32), fixed=True)[0] for bound in (low, high)]
        twins.step("Clip", f"{twins.last} {' '.join(names)}", value)


def normalise(twins: Twins) -> None:
    channels = twins.x.shape[1]
    (scale, g), (bias, b) = (twins.weight(twins.normal(channels)) for _ in range(2))
    mean, m = twins.weight(twins.normal(channels), fixed=True)
    variance, v = twins.weight(np.abs(twins.normal(channels)) + np.float32(0.3), fixed=True)
    value = functional.batch_norm(twins.x, m, v, g, b, eps=0.01)
    twins.step("BatchNormalization", f"{twins.last} {scale} {bias} {mean} {variance}", value, epsilon=0.01)


def arithmetic(twins: Twins) -> None:
    """With a tensor of before, or weights of a shape that is spread; in either order."""
    earlier = [name for name, value in twins.tensors.items() if value.shape == twins.x.shape and name not in twins.weights]
    shape = list(twins.x.shape[1:])
    spread = st.sampled_from([(1, *shape), tuple(shape), (shape[0], 1, 1), (1, 1, 1, shape[2]), (1,), (shape[1], 1), ()])
    other = (
        twins.draw(st.sampled_from(earlier)) if twins.draw(st.booleans()) else twins.weight(twins.normal(*twins.draw(spread)))[0]
    )
    names = [twins.last, other] if twins.draw(st.booleans()) else [other, twins.last]
    one, two = (twins.tensors[name] for name in names)
    operator, value = twins.draw(st.sampled_from([("Add", one + two), ("Sub", one - two), ("Mul", one * two)]))
    twins.step(operator, " ".join(names), value)


def join(twins: Twins) -> None:
    sides = twins.x.shape[2:]
    earlier = [name for name, value in twins.tensors.items() if value.ndim == 4 and value.shape[2:] == sides and name[0] != "w"]
    names = [twins.draw(st.sampled_from(earlier)), twins.last]
    axis = twins.draw(st.sampled_from([1, -3] if twins.opset > 10 else [1]))
    twins.step("Concat", " ".join(names), torch.cat([twins.tensors[name] for name in names], 1), axis=axis)


def pass_on(twins: Twins) -> None:
    twins.step(twins.draw(st.sampled_from(["Identity", "Dropout"])), twins.last, twins.x * 1)


def softmax(twins: Twins) -> None:
    if twins.opset >= 13:
        axis = twins.draw(st.sampled_from([1, 2, -1]))
        twins.step("Softmax", twins.last, twins.x.softmax(axis), axis=axis)
    else:
        twins.step("Softmax", twins.last, twins.x.flatten(1).softmax(1).reshape(twins.x.shape))


def features(twins: Twins) -> None:
    """From maps to one row of numbers per picture."""
    channels, *sides = twins.x.shape[1:]
    kind = twins.draw(st.sampled_from(["flatten", "reshape", "global", "mean", "mean of rows"]))
    if kind == "global":
        twins.step("GlobalAveragePool", twins.last, twins.x.mean((2, 3), keepdim=True))
    elif kind.startswith("mean"):
        axes, keep = ([2, -1], 1) if kind == "mean" else ([-2], 0)
        value = twins.x.mean(axes, keepdim=bool(keep))
        if twins.opset < 18:
            twins.step("ReduceMean", twins.last, value, axes=axes, keepdims=keep)
        else:
            twins.step("ReduceMean", f"{twins.last} {twins.weight(np.array(axes), fixed=True)[0]}", value, keepdims=keep)
    if kind == "reshape":
        shape, _ = twins.weight(np.array([-1, channels * sides[0] * sides[1]]), fixed=True)
        twins.step("Reshape", f"{twins.last} {shape}", twins.x.reshape(twins.pictures, -1))
    else:
        twins.step("Flatten", twins.last, twins.x.flatten(1))


def dense(twins: Twins, made: int) -> None:
    taken = twins.x.shape[1]
    if twins.draw(st.booleans()):
        name, w = twins.weight(twins.normal(taken, made))
        twins.step("MatMul", f"{twins.last} {name}", twins.x @ w)
        return
    turned, alpha, beta = twins.draw(st.sampled_from([0, 1])), twins.draw(st.sampled_from([1.0, 0.5])), 2.0
    name, w = twins.weight(twins.normal(*((made, taken) if turned else (taken, made))))
    bias, b = twins.weight(twins.normal(*twins.draw(st.sampled_from([(made,), (1, made), (1,)]))))
    value = alpha * (twins.x @ (w.T if turned else w)) + beta * b
    twins.step("Gemm", f"{twins.last} {name} {bias}", value, transB=turned, alpha=alpha, beta=beta)


ON_MAPS = (
    conv,
    conv,
    conv,
    max_pool,
    tiling_pool,
    even_pool,
    relu,
    leaky_relu,
    clip,
    normalise,
    arithmetic,
    join,
    pass_on,
    softmax,
)


@st.composite
def networks(draw: Draw) -> tuple[ModelProto, Twins]:
    """A model with the tensor "logits" (N, CLASSES), and its twin in PyTorch for a random batch."""
    shape = (draw(st.integers(1, 3)), draw(st.integers(4, 9)), draw(st.integers(4, 9)))
    twins = Twins(draw, shape, draw(st.sampled_from([10, 12, 13, 18, 20])))
    conv(twins)
    for add in draw(st.lists(st.sampled_from(ON_MAPS), max_size=6)):
        add(twins)
    features(twins)
    if draw(st.booleans()):
        dense(twins, 5)
        relu(twins)
    dense(twins, CLASSES)
    return twins.model(), twins
