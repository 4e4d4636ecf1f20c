"""A confusion matrix on one canvas: hover or arrow keys read a cell, wheel, pinch and buttons zoom, a drag moves it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ui.components.packet import pack, register

_mount = register("matrix")


def matrix(counts: NDArray[np.int64], names: Sequence[str], order: Sequence[int], *, key: str, label: str) -> None:
    """counts: (classes, classes), rows are classes and columns answers. order: of the classes, for both axes."""
    shown = counts[np.ix_(order, order)].astype(np.float32)
    header: dict[str, object] = {"label": label, "names": [names[index] for index in order]}
    _mount(key=key, data=pack(header, [shown]))
