"""From the cells of a map to the pixels of the photo."""

import numpy as np
from numpy.typing import NDArray


def on_pixels(values: NDArray[np.floating], side: int) -> NDArray[np.float64]:
    """(H, W) → float64 (side, side): each cell spread evenly over the pixels that it covers. The sum stays."""
    down, across = (_shares(side, cells) for cells in values.shape)
    return np.asarray(down @ values @ across.T)


def _shares(pixels: int, cells: int) -> NDArray[np.float64]:
    """(pixels, cells): how much of each cell lies on each pixel. Columns sum to 1."""
    edges = np.arange(pixels + 1)[:, None] * cells / pixels - np.arange(cells)
    return np.asarray(np.diff(edges.clip(0, 1), axis=0))
