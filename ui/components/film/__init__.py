"""A picture at each place along a range, with what the network says of it: a slider goes through them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ui.components.packet import register
from ui.components.pictures import SHARED, Picture, pack_pictures

_mount = register("film", SHARED)


@dataclass(frozen=True)
class Frame:
    """picture: uint8 (S, S, C). title: where on the range. shares: of each of the classes that are shown, 0-1."""

    picture: NDArray[np.uint8]
    title: str
    shares: Sequence[float]


def film(frames: Sequence[Frame], classes: Sequence[str], at: int, *, key: str, label: str) -> None:
    """classes: whose shares are shown as bars. at: the frame it begins with."""
    header: dict[str, object] = {
        "label": label,
        "classes": list(classes),
        "at": at,
        "frames": [{"title": frame.title, "shares": list(frame.shares)} for frame in frames],
    }
    _mount(key=key, data=pack_pictures(header, [Picture(frame.picture) for frame in frames]))
