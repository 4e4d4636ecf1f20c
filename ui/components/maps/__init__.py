"""A grid of maps on canvases: hover for a value, click to enlarge, arrow keys to move. Serves every page that shows maps."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from convoscope import render
from convoscope.render import Scale, colour_table
from convoscope.words import number
from ui.components.packet import pack, register

CLOSED = -1

_mount = register("maps", "colours")


@dataclass(frozen=True)
class Tile:
    """One map, float32 (H, W), on its scale; or a picture, uint8 (H, W, 1 or 3), with no scale.

    index: what a click reports. name: 'channel 12'. note: a few words under it. text: its text alternative.
    """

    index: int
    name: str
    note: str
    text: str
    values: NDArray[np.float32] | NDArray[np.uint8]
    scale: Scale | None
    silent: bool = False


def maps(
    tiles: Sequence[Tile],
    *,
    key: str,
    label: str,
    size: int,
    layout: Literal["grid", "strip", "single"] = "grid",
    legend: Scale | None = None,
    enlarged: int | None = None,
    picture: Tile | None = None,
    onward: str = "",
    come_for: str | None = None,
    on_choose: Callable[[], None] | None = None,
    on_onward: Callable[[], None] | None = None,
) -> None:
    """Draws the tiles, at least `size` CSS pixels wide.

    In a grid a click enlarges a tile; in a strip it only reports. Both trigger `chosen` with the tile's index, or with
    `CLOSED` when the enlarged tile is closed. enlarged: the index of the tile that is open at first. picture:
    what is shown beside an enlarged tile, for comparison. onward: what a button beside it says; it triggers `onward` with the
    tile's index. come_for: the key of a widget that the page is scrolled to.
    """
    palettes = list(dict.fromkeys(tile.scale.palette for tile in tiles if tile.scale))
    header: dict[str, object] = {
        "label": label,
        "size": size,
        "layout": layout,
        "enlarged": enlarged,
        "choosable": on_choose is not None,
        "palettes": palettes,
        "ticks": [number(tick) for tick in legend.ticks] if legend else None,
        "tiles": [_entry(tile) for tile in tiles],
        "picture": _entry(picture) if picture else None,
        "onward": onward,
        "comeFor": come_for,
    }
    arrays: list[NDArray[Any]] = [colour_table(palette) for palette in palettes]
    arrays += [tile.values for tile in (*tiles, *([picture] if picture else []))]
    if legend:
        arrays.append(render.legend(legend))
    _mount(key=key, data=pack(header, arrays), on_chosen_change=on_choose, on_onward_change=on_onward)


def _entry(tile: Tile) -> dict[str, object]:
    entry: dict[str, object] = {
        "index": tile.index,
        "name": tile.name,
        "note": tile.note,
        "text": tile.text,
        "silent": tile.silent,
        "height": tile.values.shape[0],
        "width": tile.values.shape[1],
    }
    if tile.scale is None:
        return entry | {"channels": tile.values.shape[2]}
    return entry | {"palette": tile.scale.palette, "low": tile.scale.low, "high": tile.scale.high}
