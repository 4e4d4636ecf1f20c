"""The kernels of a layer that looks at the photo as tiles, each on its own scale, with its largest weight below."""

import numpy as np

from convoscope import words
from convoscope.kernels import as_colours, kernels
from convoscope.render import scale_of
from ui.components.maps import Tile
from ui.visit import Visit


def kernel_tiles(visit: Visit) -> list[Tile]:
    """In colour where it looks at colours."""
    values = kernels(visit.network, visit.network.layers[0])
    assert values is not None
    colours = as_colours(values) if values.shape[1] == 3 else None
    tiles = []
    for channel, kernel in enumerate(values):
        text = f"weights from {words.number(kernel.min())} to {words.number(kernel.max())}"
        largest = words.number(np.abs(kernel).max())
        if colours is not None:
            tiles.append(Tile(channel, f"{channel}", largest, text, colours[channel], None))
        else:
            scale = scale_of(kernel, "weights")
            tiles.append(Tile(channel, f"{channel}", largest, text, np.ascontiguousarray(kernel[0]), scale))
    return tiles
