"""The kernels of the first layer as tiles: in colour where it looks at colours, else on a scale."""

import numpy as np

from convoscope import words
from convoscope.kernels import as_colours, kernels
from convoscope.render import scale_of
from ui.components.maps import Tile
from ui.visit import Visit


def kernel_tiles(visit: Visit) -> list[Tile]:
    values = kernels(visit.network, visit.network.layers[0])
    assert values is not None
    scale = scale_of(values, "weights")
    colours = as_colours(values) if values.shape[1] == 3 else None
    tiles = []
    for channel, kernel in enumerate(values):
        text = f"weights from {words.number(kernel.min())} to {words.number(kernel.max())}"
        if colours is not None:
            tiles.append(Tile(channel, f"{channel}", "", text, colours[channel], None))
        else:
            tiles.append(Tile(channel, f"{channel}", "", text, np.ascontiguousarray(kernel[0]), scale))
    return tiles
