"""Where the numbers come from that go into the dense layers."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from convoscope.layers import Stage
from convoscope.operations import average
from ui.visit import Visit


def last_maps(visit: Visit) -> Stage | None:
    return next((stage for stage in reversed(list(visit.network.stages)) if stage.is_maps), None)


def listed(visit: Visit) -> NDArray[np.floating] | None:
    """float (F,): the list that the last maps become; None if none holds their means or all their cells in turn."""
    stage = last_maps(visit)
    stages = list(visit.network.stages)
    later = stages[stages.index(stage) + 1 :] if stage else []
    lists = (visit.trace.values(each).reshape(-1) for each in later)
    return next((values for values in lists if origin(visit, values)), None)


def origin(visit: Visit, features: NDArray[np.floating]) -> Literal["means", "cells"] | None:
    """features: (F,). Whether they are the means of the last maps, or all their cells; None if something else is in between."""
    stage = last_maps(visit)
    if stage is None:
        return None
    values = visit.trace.values(stage)
    if _alike(features, average(values)):
        return "means"
    return "cells" if _alike(features, values.reshape(-1)) else None


def feature_name(visit: Visit, features: NDArray[np.floating], at: int) -> str:
    """Of the number at this place of the list (F,)."""
    stage, where = last_maps(visit), origin(visit, features)
    if stage is None or where is None:
        return f"number {at + 1} of the list"
    if where == "means":
        return f"mean of map {at}"
    _, height, width = stage.shape
    return f"map {at // (height * width)}, row {at // width % height + 1}, column {at % width + 1}"


def _alike(one: NDArray[np.floating], other: NDArray[np.floating]) -> bool:
    return one.shape == other.shape and np.allclose(one, other, rtol=1e-4, atol=1e-5)
