"""How to differentiate convolution and pooling: what each cell of the output hands back to the cells that it read."""

from collections.abc import Sequence

import numpy as np

from convoscope.graph.reading import attribute
from convoscope.graph.step import BATCH, Step
from convoscope.window import Axis

Window = Sequence[Axis]


def convolution(step: Step) -> list[str]:
    """y = x ∗ w + b: dx = transposed convolution of dy by w, dw = x ∗ dy with pictures and channels swapped, db = Σ dy"""
    kernel = step.write.shape(step.x[1])
    window = step.window(kernel[2:])
    dx = _handed_back(step, step.x[1], window, attribute(step.node, "group", 1))
    db = step.write.reshape(step.write.sum(step.dy, [0, 2, 3]), [kernel[0]])
    return [dx, _kernel_gradient(step, kernel, window), db]


def max_pool(step: Step) -> list[str]:
    """dx = dy where x won its window, 0 elsewhere; of equals the first wins"""
    window = step.window(attribute(step.node, "kernel_shape", None))
    return [_first_of_tile(step, window) if _tiles(step, window) else _scattered(step, window)]


def average_pool(step: Step) -> list[str]:
    """dx = Σ dy / (cells counted), over the windows that read x"""
    window = step.window(attribute(step.node, "kernel_shape", None))
    channels, *given = step.write.shape(step.y)[1:]
    padded = attribute(step.node, "count_include_pad", 0)
    rows, columns = (_counted(axis, size, padded) for axis, size in zip(window, given, strict=True))
    share = step.write("Div", step.dy, step.write.constant(np.outer(rows, columns).astype(np.float32)))
    ones = step.write.constant(np.ones((channels, 1, *(axis.kernel for axis in window)), np.float32))
    return [_handed_back(Step(step.node, share, step.write), ones, window, channels)]


def _handed_back(step: Step, kernel: str, window: Window, groups: int) -> str:
    """dy through the transposed convolution, cut or filled to the size of x."""
    if groups == 1 and all(axis.stride == 1 and max(axis.before, axis.after) <= axis.reach for axis in window):
        return _turned(step, kernel, window)
    given = step.write.shape(step.y)[2:]
    beyond = [  # how far the last window reaches past the end of x, or falls short of it
        (size - 1) * axis.stride + axis.reach + 1 - axis.before - axis.size for axis, size in zip(window, given, strict=True)
    ]
    return step.write(
        "ConvTranspose",
        step.dy,
        kernel,
        group=groups,
        strides=[axis.stride for axis in window],
        dilations=[axis.dilation for axis in window],
        pads=[*(axis.before for axis in window), *(max(0, over) for over in beyond)],
        output_padding=[max(0, -over) for over in beyond],
    )


def _turned(step: Step, kernel: str, window: Window) -> str:
    """With stride 1 that is a convolution by the kernels turned by half a turn, which ONNX Runtime does faster."""
    turned = step.write("Transpose", kernel, perm=[1, 0, 2, 3])
    for at, axis in zip((2, 3), window, strict=True):
        turned = step.write("Gather", turned, step.write.integers(*reversed(range(axis.kernel))), axis=at)
    return step.write(
        "Conv",
        step.dy,
        turned,
        dilations=[axis.dilation for axis in window],
        pads=[*(axis.reach - axis.before for axis in window), *(axis.reach - axis.after for axis in window)],
    )


def _kernel_gradient(step: Step, kernel: tuple[int, ...], window: Window) -> str:
    """Strides and dilations swap places, as do pictures and channels; each group's channels are convolved by themselves."""
    groups, sides = attribute(step.node, "group", 1), step.write.shape(step.x[0])[2:]
    grouped = step.write.reshape(step.x[0], [BATCH, groups, kernel[1], *sides])
    x = step.write.reshape(step.write("Transpose", grouped, perm=[2, 1, 0, 3, 4]), [kernel[1], -1, *sides])
    dy = step.write("Transpose", step.dy, perm=[1, 0, 2, 3])
    found = step.write(
        "Conv",
        x,
        dy,
        group=groups,
        strides=[axis.dilation for axis in window],
        dilations=[axis.stride for axis in window],
        pads=[*(axis.before for axis in window), *(axis.after for axis in window)],
    )
    for at, length in zip((2, 3), kernel[2:], strict=True):
        found = step.write.cut(found, at, 0, length)
    return step.write("Transpose", found, perm=[1, 0, 2, 3])


def _tiles(step: Step, window: Window) -> bool:
    """Whether the windows lie side by side and fill x; older opsets lack the operators that make use of it."""
    exact = all(
        axis.stride == axis.kernel and axis.dilation == 1 and axis.before == 0 and axis.size == axis.kernel * size
        for axis, size in zip(window, step.write.shape(step.y)[2:], strict=True)
    )
    return exact and step.write.opset >= 11


def _first_of_tile(step: Step, window: Window) -> str:
    """Each cell that equals its window's maximum gets its place in the window, the first the highest; the highest wins."""
    write, sides = step.write, [axis.kernel for axis in window]
    places = np.arange(sides[0] * sides[1], 0, -1, dtype=np.float32).reshape(sides)
    places = np.tile(places, step.write.shape(step.y)[2:])[None, None]
    equal = write.mask(write("Equal", _magnified(step, step.y, sides), step.x[0]))
    placed = write("Mul", equal, write.constant(places))
    first = write("MaxPool", placed, kernel_shape=sides, strides=sides)
    won = write.mask(write("Equal", _magnified(step, first, sides), placed))
    return write("Mul", won, _magnified(step, step.dy, sides))


def _magnified(step: Step, name: str, sides: Sequence[int]) -> str:
    """Every cell repeated to a rectangle of these sides."""
    scales = step.write.constant(np.array([1, 1, *sides], np.float32))
    nearest = {"mode": "nearest", "nearest_mode": "floor", "coordinate_transformation_mode": "asymmetric"}
    return step.write("Resize", name, step.write.constant(np.zeros(0, np.float32)), scales, **nearest)


def _scattered(step: Step, window: Window) -> str:
    """dy to where the runtime says the maxima are; windows that overlap take turns, so that none writes over another."""
    if len(step.node.output) < 2:
        step.node.output.append(f"{step.y}/winners")
    winners, shape = str(step.node.output[1]), step.write("Shape", step.x[0])
    given = step.write.shape(step.y)[2:]
    turns = [-(-((axis.kernel - 1) * axis.dilation + 1) // axis.stride) for axis in window]
    parts = []
    for first in np.ndindex(*map(min, turns, given)):
        dy, where = step.dy, winners
        for at, start, every in zip((2, 3), first, turns, strict=True):
            if every > 1:
                dy, where = (step.write.cut(each, at, start, given[at - 2], every) for each in (dy, where))
        parts.append(step.write("MaxUnpool", dy, where, shape, kernel_shape=[1, 1], strides=[1, 1]))
    return step.write.add(parts)


def _counted(axis: Axis, cells: int, padded: bool) -> list[int]:
    """How many taps of each cell are averaged: those inside, or with the padding."""
    before, after = (axis.before, axis.after) if padded else (0, 0)
    taps = [axis.taps(cell) for cell in range(cells)]
    return [int(((each >= -before) & (each < axis.size + after)).sum()) for each in taps]
