"""How strongly channels respond. A map is as strong as its largest value."""

import numpy as np
from numpy.typing import NDArray

RESPONSE = 1e-6  # a cell responds if it is above this; a channel is silent if none of its cells does


def peaks(maps: NDArray[np.floating]) -> NDArray[np.floating]:
    """The largest value of each of the maps (C, H, W), as (C,)."""
    return np.asarray(maps.reshape(len(maps), -1).max(1))


def strongest_first(maps: NDArray[np.floating]) -> NDArray[np.intp]:
    """The channels of (C, H, W) by falling strength, equals by number."""
    return np.argsort(-peaks(maps), kind="stable")


def responding(maps: NDArray[np.floating]) -> int:
    """How many of the maps (C, H, W) have a cell that responds."""
    return int((peaks(maps) > RESPONSE).sum())
