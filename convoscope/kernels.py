"""The weights of a convolution, as numbers and as pictures."""

import numpy as np
from numpy.typing import NDArray

from convoscope.graph.reading import computing_nodes, constants
from convoscope.layers import Layer
from convoscope.network import Network


def kernels(network: Network, layer: Layer) -> NDArray[np.float32] | None:
    """float32 (output channels, input channels, height, width); None if the layer is no convolution of images."""
    node = next(node for node in computing_nodes(network.model.graph) if node.output[0] == layer.name)
    if node.op_type != "Conv":
        return None
    name = node.input[1]
    values = network.weights[name] if name in network.weights else constants(network.model.graph)[name]
    return np.asarray(values, np.float32) if values.ndim == 4 else None


def as_colours(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Kernels (N, 3, H, W) on red, green and blue → uint8 (N, H, W, 3): grey is zero, the largest weight of all is at the end."""
    peak = float(np.abs(values).max(initial=0)) or 1.0
    return (127.5 + values.transpose(0, 2, 3, 1) / peak * 127.5).round().astype(np.uint8)
