"""A switch and a slider for the gain of every channel of a layer, with undo and reset."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convoscope.render import Scale
from ui.components.packet import register
from ui.components.pictures import SHARED, Picture, pack_pictures

LOUDEST = 2.0  # the gain at the slider's right end
SHOWN = 12

_mount = register("switches", SHARED)


@dataclass(frozen=True)
class Channel:
    """values: its map, float (H, W). note: what the answer loses without it."""

    index: int
    values: NDArray[np.floating]
    note: str


def switches(channels: Sequence[Channel], scale: Scale, *, key: str, label: str) -> Mapping[str, float]:
    """Draws them in this order. Returns the gains that the visitor has changed, 0 to `LOUDEST`, by the channel's index."""
    header: dict[str, object] = {
        "label": label,
        "shown": SHOWN,
        "loudest": LOUDEST,
        "channels": [{"index": channel.index, "note": channel.note} for channel in channels],
    }
    pictures = [Picture(channel.values, scale) for channel in channels]
    result = _mount(key=key, data=pack_pictures(header, pictures), default={"gains": {}}, on_gains_change=lambda: None)
    gains: Mapping[str, float] = result.gains
    return gains
