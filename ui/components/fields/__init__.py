"""What one cell of a layer's map sees of the photo: a box that grows from layer to layer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ui.components.packet import register
from ui.components.pictures import SHARED, Picture, pack_pictures

_mount = register("fields", *SHARED)


@dataclass(frozen=True)
class Field:
    """One step of the network. rows (H, 2), columns (W, 2): for each row and column of the map, the first and one past the last
    row and column of the photo that it depends on."""

    title: str
    map: Picture
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]


def fields(photo: Picture, steps: Sequence[Field], *, key: str, label: str, on_open: Callable[[], None]) -> None:
    """Triggers `opened` with [step, row, column] of the cell that the visitor wants to see made."""
    entries = [{"title": step.title, "rows": step.rows.tolist(), "columns": step.columns.tolist()} for step in steps]
    header: dict[str, object] = {"label": label, "steps": entries}
    _mount(key=key, data=pack_pictures(header, [photo, *(step.map for step in steps)]), on_opened_change=on_open)
