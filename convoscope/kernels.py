"""The weights of a convolution, as numbers and as pictures."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convoscope.graph.reading import attribute, step_of
from convoscope.layers import Layer
from convoscope.network import Network

NEAR_ZERO = 0.01  # of the largest magnitude in a layer: a weight below it is near zero
BINS = 41  # of a histogram; odd, so that one of them is around zero


@dataclass(frozen=True)
class Histogram:
    """centres: of bins of equal width that reach as far below zero as above. shares: of all weights, 0-1, in each bin."""

    centres: NDArray[np.float64]
    shares: NDArray[np.float64]


def kernels(network: Network, layer: Layer) -> NDArray[np.float32] | None:
    """float32 (output channels, input channels, height, width); None if the layer is no convolution of images."""
    node = step_of(network.model.graph, layer.name)
    if node.op_type != "Conv":
        return None
    name = node.input[1]
    values = network.constants[name]
    return np.asarray(values, np.float32) if values.ndim == 4 else None


def entering(network: Network, layer: Layer, channel: int) -> NDArray[np.intp]:
    """The channels of the convolution's input that an output channel looks at: all of them, or those of its group."""
    node, values = step_of(network.model.graph, layer.name), kernels(network, layer)
    assert values is not None
    per_group = len(values) // int(attribute(node, "group", 1))
    first = channel // per_group * values.shape[1]
    return np.arange(first, first + values.shape[1])


def norms(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """The root of the sum of squares over all but the first axis, as (N,)."""
    return np.asarray(np.sqrt(np.square(values.reshape(len(values), -1), dtype=np.float64).sum(1)))


def near_zero(values: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which of a layer's weights are below NEAR_ZERO of the largest magnitude among them; the same shape."""
    size = np.abs(values)
    return np.asarray(size < NEAR_ZERO * size.max(initial=0))


def histogram(values: NDArray[np.float32]) -> Histogram:
    """How a layer's weights are spread."""
    peak = float(np.abs(values).max(initial=0)) or 1.0
    counts, edges = np.histogram(values, BINS, (-peak, peak))
    return Histogram((edges[:-1] + edges[1:]) / 2, counts / max(1, values.size))


def as_colours(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Kernels (N, 3, H, W) on red, green and blue → uint8 (N, H, W, 3), each on its own scale: grey is zero.

    The largest weights of a layer are many times as large as those of most kernels, which on one scale would all look grey.
    """
    peaks = np.abs(values).max((1, 2, 3), keepdims=True)
    shares = values / np.where(peaks, peaks, 1)
    return (127.5 + shares.transpose(0, 2, 3, 1) * 127.5).round().astype(np.uint8)
