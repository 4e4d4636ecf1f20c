"""A picture with a map over it: hover or arrow keys read a cell, a slider goes from the picture to the map alone."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convoscope.render import Scale
from ui.components.packet import register
from ui.components.pictures import SHARED, Picture, pack_pictures

_mount = register("heat", SHARED)


@dataclass(frozen=True)
class Heat:
    """picture: uint8 (S, S, C). values: float (H, W), over the whole picture. unit: what a value is, 'of the logit'.

    fine: it has details as small as the picture's, which would be lost on it: the slider begins nearer to the map.
    """

    picture: NDArray[np.uint8]
    values: NDArray[np.floating]
    scale: Scale
    unit: str
    fine: bool = False


def heat(shown: Heat, *, key: str, label: str, boxed: int = 1) -> None:
    """label: its text alternative, with the finding in words. boxed: how many cells the marked square is wide."""
    pictures = [Picture(shown.picture), Picture(shown.values, shown.scale)]
    header: dict[str, object] = {"label": label, "unit": shown.unit, "boxed": boxed, "begin": 85 if shown.fine else 50}
    _mount(key=key, data=pack_pictures(header, pictures))
