"""A map of this photo, drawn over it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convoscope import words
from convoscope.render import Palette, Scale, scale_of
from ui import state
from ui.components.heat import Heat, heat
from ui.tools import Tools
from ui.visit import Visit

COARSE = 2  # pixels wide is a cell that the photo can be seen through
SHARE = 99  # per cent of a fine map's cells that its scale holds
FINE = f"Of a map as fine as the photo the colours reach to what {100 - SHARE} pixel in 100 exceeds; pointing tells its value."


@dataclass(frozen=True)
class Map:
    """A kind of map. name: of its element. label: what it shows. unit: what its values are.

    make: draws it, float (H, W) over the whole photo, with some network's tools. smooth: it has no details as small as its
    cells.
    """

    name: str
    label: str
    unit: str
    make: Callable[[Tools], NDArray[np.float64]]
    palette: Palette = "evidence"
    smooth: bool = False


def over(visit: Visit, drawn: Map, values: NDArray[np.float64]) -> Heat:
    picture = visit.prepared.resized
    fine = not drawn.smooth and len(values) * COARSE > len(picture)
    scale = _most(values, drawn.palette) if fine else scale_of(values, drawn.palette)
    return Heat(picture, values, scale, drawn.unit, fine)


def show(visit: Visit, drawn: Map, values: NDArray[np.float64], boxed: int = 1) -> Heat:
    """Draws the map, and returns what was drawn. boxed: as `heat` takes it."""
    shown = over(visit, drawn, values)
    lowest = f", lowest {words.place(-values)}" if values.min() < 0 else ""
    label = f"{drawn.label}: highest {words.place(values)}{lowest}. Arrow keys read it."
    heat(shown, key=state.component_key(drawn.name, visit), label=label, boxed=boxed)
    return shown


def _most(values: NDArray[np.float64], palette: Palette) -> Scale:
    """A scale that holds all but the largest few."""
    sizes = np.abs(values)
    return scale_of(np.minimum(sizes, np.percentile(sizes, SHARE)), palette)
