"""A picture at each place along a range, with what the network says of it: a slider goes through them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ui.components.packet import register
from ui.components.pictures import SHARED, Picture, pack_pictures

_mount = register("film", *SHARED)


@dataclass(frozen=True)
class Frame:
    """picture: uint8 (S, S, C). title: where on the range. answers: the classes shown as bars, each with its share, 0-1."""

    picture: NDArray[np.uint8]
    title: str
    answers: Sequence[tuple[str, float]]


def film(
    frames: Sequence[Frame], followed: Sequence[str], at: int, *, key: str, label: str, on_choose: Callable[[], None]
) -> None:
    """followed: classes that keep their colours along the range. at: the frame it begins with.

    Where the slider comes to rest, it triggers `chosen` with the number of the frame.
    """
    header: dict[str, object] = {
        "label": label,
        "followed": list(followed),
        "at": at,
        "frames": [{"title": frame.title, "answers": [list(answer) for answer in frame.answers]} for frame in frames],
    }
    _mount(key=key, data=pack_pictures(header, [Picture(frame.picture) for frame in frames]), on_chosen_change=on_choose)
