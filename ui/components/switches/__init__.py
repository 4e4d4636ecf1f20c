"""A switch and a slider for the gain of every channel of a layer; those of all layers hold together, with undo and reset."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convoscope.render import Scale
from ui.components.packet import register
from ui.components.pictures import SHARED, Picture, pack_pictures
from ui.gains import LOUDEST, Gains

SHOWN = 12

_mount = register("switches", *SHARED)


@dataclass(frozen=True)
class Channel:
    """values: its map, float (H, W). note: what the answer loses without it. supports: it does lose."""

    index: int
    values: NDArray[np.floating]
    note: str
    supports: bool


@dataclass(frozen=True)
class Board:
    """layer: the one whose channels are shown, in this order. titles: of all layers with switches, by name."""

    layer: str
    titles: Mapping[str, str]
    channels: Sequence[Channel]
    scale: Scale


def switches(
    board: Board, begin: Gains, *, key: str, label: str, on_gains: Callable[[], None], on_layer: Callable[[], None]
) -> None:
    """Draws the switches of a layer. begin: the gains at first; from then on the browser has them.

    `gains` is a state: the `gains`, and whether a slider is `moving`, so that others follow at once. A click on what is listed of
    a layer triggers `layer` with its name.
    """
    header: dict[str, object] = {
        "label": label,
        "shown": SHOWN,
        "loudest": LOUDEST,
        "layer": board.layer,
        "titles": board.titles,
        "begin": begin,
        "channels": [{"index": channel.index, "note": channel.note, "supports": channel.supports} for channel in board.channels],
    }
    data = pack_pictures(header, [Picture(channel.values, board.scale) for channel in board.channels])
    _mount(
        key=key,
        data=data,
        default={"gains": {"gains": begin, "moving": False}},
        on_gains_change=on_gains,
        on_layer_change=on_layer,
    )
