"""Where the numbers come from that go into the last dense layer."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from convoscope.last_layer import LastLayer
from convoscope.layers import Stage
from convoscope.operations import average
from ui.visit import Visit


def last_maps(visit: Visit) -> Stage | None:
    return next((stage for stage in reversed(list(visit.network.stages)) if stage.is_maps), None)


def origin(visit: Visit, layer: LastLayer) -> Literal["means", "cells"] | None:
    """Whether they are the means of the last maps, or all their cells; None if something else is in between."""
    stage = last_maps(visit)
    if stage is None:
        return None
    values = visit.trace.values(stage)
    if _alike(layer.features, average(values)):
        return "means"
    return "cells" if _alike(layer.features, values.reshape(-1)) else None


def feature_name(visit: Visit, layer: LastLayer, at: int) -> str:
    """Of the number at this place of the list."""
    stage, where = last_maps(visit), origin(visit, layer)
    if stage is None or where is None:
        return f"number {at + 1} of the list"
    if where == "means":
        return f"mean of map {at}"
    _, height, width = stage.shape
    return f"map {at // (height * width)}, row {at // width % height + 1}, column {at % width + 1}"


def _alike(one: NDArray[np.floating], other: NDArray[np.floating]) -> bool:
    return one.shape == other.shape and np.allclose(one, other, rtol=1e-4, atol=1e-5)
