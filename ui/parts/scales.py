"""The choice of the colour scale: one per layer, per map, or for the whole network."""

import numpy as np
from numpy.typing import NDArray

from convoscope.layers import Stage
from convoscope.render import Scale, scale_of
from ui.visit import Visit

TITLES = {"layer": "one per layer", "map": "one per map", "network": "one for all"}


def scales(visit: Visit, stage: Stage, values: NDArray[np.float32]) -> list[Scale]:
    """Of each of a stage's maps (C, H, W), as chosen."""
    if visit.selection.scale == "map":
        return [scale_of(each, stage.palette) for each in values]
    extent: NDArray[np.floating] = values
    if visit.selection.scale == "network":
        extent = np.array([np.abs(each.values).max() for each in visit.trace.activations if each.stage.is_maps])
    return [scale_of(extent, stage.palette)] * len(values)
