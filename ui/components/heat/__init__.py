"""A picture with a map over it: hover or arrow keys read a cell, a slider goes from the picture to the map alone."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convoscope.render import Scale
from ui.components.packet import register
from ui.components.pictures import SHARED, Picture, pack_pictures

_mount = register("heat", *SHARED)


@dataclass(frozen=True)
class Heat:
    """picture: uint8 (S, S, C). values: float (H, W), over the whole picture. unit: what a value is, 'of the logit'.

    fine: it has details as small as the picture's, which would be lost on it.
    """

    picture: NDArray[np.uint8]
    values: NDArray[np.floating]
    scale: Scale
    unit: str
    fine: bool = False

    @property
    def begin(self) -> int:
        """Where the slider begins, 0-100: half way the photo still has all its colours, among which a map is hard to see."""
        return 85 if self.fine else 70


def heat(shown: Heat, *, key: str, label: str, boxed: int = 1) -> None:
    """label: its text alternative, with the finding in words. boxed: how many cells the marked square is wide."""
    pictures = [Picture(shown.picture), Picture(shown.values, shown.scale)]
    header: dict[str, object] = {"label": label, "unit": shown.unit, "boxed": boxed, "begin": shown.begin}
    _mount(key=key, data=pack_pictures(header, pictures))
