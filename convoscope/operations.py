"""The steps of a network as a textbook has them, in float64: convolution, ReLU, max pooling, averaging."""

import numpy as np
from numpy.typing import NDArray

from convoscope.window import Axis

Window = tuple[Axis, Axis]


def convolve(
    maps: NDArray[np.floating], kernels: NDArray[np.floating], bias: NDArray[np.floating], window: Window
) -> NDArray[np.float64]:
    """(C, H, W), kernels (N, C, h, w), bias (N,) → float64 (N, rows, columns).

    Each number: window × kernel, added up over all maps, plus the kernel's bias.
    """
    pads = [(axis.before, axis.after) for axis in window]
    padded = np.pad(maps.astype(np.float64), [(0, 0), *pads])
    rows, columns = (
        (size - (axis.kernel - 1) * axis.dilation - 1) // axis.stride + 1
        for size, axis in zip(padded.shape[1:], window, strict=True)
    )
    answer = np.zeros((len(kernels), rows, columns)) + bias.astype(np.float64)[:, None, None]
    down, across = window
    for y, x in np.ndindex(kernels.shape[2:]):
        beneath = padded[:, y * down.dilation :: down.stride, x * across.dilation :: across.stride]
        answer += np.tensordot(kernels[:, :, y, x].astype(np.float64), beneath[:, :rows, :columns], 1)
    return answer


def relu(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """What is negative becomes 0; all else stays as it is."""
    return np.maximum(values.astype(np.float64), 0)


def max_pool(maps: NDArray[np.floating], window: Window, shape: tuple[int, int]) -> NDArray[np.float64]:
    """(C, H, W) → float64 (C, *shape): the largest value of each window. Padding never wins."""
    down, across = window
    best = np.empty((len(maps), *shape))
    for y, x in np.ndindex(shape):
        rows, columns = down.taps(y)[down.inside(y)], across.taps(x)[across.inside(x)]
        best[:, y, x] = maps[:, rows][:, :, columns].max((1, 2))
    return best


def average(maps: NDArray[np.floating]) -> NDArray[np.float64]:
    """(C, H, W) → float64 (C,): the mean of each map."""
    return np.asarray(maps.astype(np.float64).mean((1, 2)))
