"""Which cells of its input a cell of a convolution or pooling reads, along one axis."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto

from convoscope.graph.reading import attribute


@dataclass(frozen=True)
class Axis:
    """Height or width of a sliding window. size: of the input; before, after: padding cells at its two ends."""

    size: int
    kernel: int
    stride: int = 1
    dilation: int = 1
    before: int = 0
    after: int = 0

    @property
    def reach(self) -> int:
        """How far the last tap lies behind the first."""
        return (self.kernel - 1) * self.dilation

    def taps(self, cell: int) -> NDArray[np.intp]:
        """The positions that a cell reads, (kernel,); those outside [0, size) are padding."""
        return cell * self.stride - self.before + np.arange(self.kernel) * self.dilation

    def inside(self, cell: int) -> NDArray[np.bool_]:
        """(kernel,): which taps are no padding."""
        taps = self.taps(cell)
        return np.asarray((taps >= 0) & (taps < self.size))

    def reads(self, cells: int) -> NDArray[np.bool_]:
        """(cells, size): which of its input's positions each of the first cells reads."""
        behind = np.arange(self.size) + self.before - np.arange(cells)[:, None] * self.stride
        return np.asarray((behind >= 0) & (behind <= self.reach) & (behind % self.dilation == 0))


def axes(node: NodeProto, kernel: Sequence[int], taken: Sequence[int], given: Sequence[int]) -> tuple[Axis, Axis]:
    """The window of a Conv, MaxPool or AveragePool. kernel, taken, given: height and width of kernel, input and output."""
    strides = attribute(node, "strides", [1, 1])
    dilations = attribute(node, "dilations", [1, 1])
    pads = attribute(node, "pads", [0, 0, 0, 0])
    automatic = attribute(node, "auto_pad", b"NOTSET")
    found = []
    for at in (0, 1):
        before, after = int(pads[at]), int(pads[at + 2])
        if automatic != b"NOTSET":
            reach = (given[at] - 1) * strides[at] + (kernel[at] - 1) * dilations[at] + 1
            total = 0 if automatic == b"VALID" else max(0, reach - taken[at])
            before = total // 2 if automatic == b"SAME_UPPER" else total - total // 2
            after = total - before
        found.append(Axis(taken[at], int(kernel[at]), int(strides[at]), int(dilations[at]), before, after))
    return found[0], found[1]


def whole(height: int, width: int) -> tuple[Axis, Axis]:
    """The window that is the input itself."""
    return Axis(height, height), Axis(width, width)


def described(node: NodeProto, fixed: Mapping[str, NDArray[Any]]) -> str:
    """The window of a convolution or pooling in words: '3 × 3, stride 2, padding 1'; '' for other steps."""
    if node.op_type == "Conv" and node.input[1] in fixed:
        kernel = fixed[node.input[1]].shape[2:]
    elif node.op_type in ("MaxPool", "AveragePool"):
        kernel = attribute(node, "kernel_shape", ())
    else:
        return ""
    strides, dilations, pads = (attribute(node, name, ()) for name in ("strides", "dilations", "pads"))
    said = [" × ".join(map(str, kernel))]
    said += [f"{name} {_alike(values)}" for name, values in (("stride", strides), ("dilation", dilations)) if set(values) - {1}]
    if attribute(node, "auto_pad", b"NOTSET").startswith(b"SAME"):
        said.append("padding to the same size")
    elif any(pads):
        said.append(f"padding {_padding(pads)}")
    groups = attribute(node, "group", 1)
    if groups > 1:
        said.append("depthwise" if fixed[node.input[1]].shape[1] == 1 else f"{groups} groups")
    return ", ".join(said)


def _padding(pads: Sequence[int]) -> str:
    """Of all sides at once, of height and width, or side by side where they differ."""
    half = len(pads) // 2
    if pads[:half] == pads[half:]:
        return _alike(pads[:half])
    return ", ".join(f"{side} {pad}" for side, pad in zip(("top", "left", "bottom", "right"), pads, strict=True) if pad)


def _alike(values: Sequence[int]) -> str:
    """'2'; '2 × 1' where they are not all the same."""
    return " × ".join(map(str, values)) if len(set(values)) > 1 else str(values[0])
