"""A map of this photo, ready to be drawn over it."""

import numpy as np
from numpy.typing import NDArray

from convoscope.render import Palette, Scale, scale_of
from ui.components.heat import Heat
from ui.visit import Visit

COARSE = 2  # pixels wide is a cell that the photo can be seen through
SHARE = 99  # per cent of a fine map's cells that its scale holds
FINE = f"Of a map as fine as the photo the colours reach to what {100 - SHARE} pixel in 100 exceeds; hovering tells each value."


def over(visit: Visit, values: NDArray[np.float64], palette: Palette, unit: str, *, smooth: bool = False) -> Heat:
    """values: (H, W), over the whole photo. smooth: it has no details as small as its cells."""
    picture = visit.prepared.resized
    fine = not smooth and len(values) * COARSE > len(picture)
    return Heat(picture, values, _most(values, palette) if fine else scale_of(values, palette), unit, fine)


def _most(values: NDArray[np.float64], palette: Palette) -> Scale:
    """A scale that holds all but the largest few."""
    sizes = np.abs(values)
    return scale_of(np.minimum(sizes, np.percentile(sizes, SHARE)), palette)
