"""A whole network on one canvas: columns of small maps, the edges between them, and the answers.

Hover or focus picks out a tile with what feeds it; the server hears of clicks only.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from convoscope.render import Scale, colour_table
from convoscope.words import number
from ui.components.packet import pack, register

_mount = register("overview", "colours")


@dataclass(frozen=True)
class Tile:
    """One map in its colours, uint8 (H, W, 3), at most about twice as fine as it is drawn (36 to 64 CSS pixels).

    name: 'conv 5, channel 29'. text: its text alternative. written: the number, of a picture of one cell; the colour, of pixels.
    target: what a click reports; None if it opens nothing. marked: it is what the page shows.
    """

    name: str
    text: str
    picture: NDArray[np.uint8]
    written: str = ""
    target: tuple[str, int] | None = None
    marked: bool = False


@dataclass(frozen=True)
class Fold:
    """A layer, by name, whose steps stand apart when it is open."""

    layer: str
    open: bool


@dataclass(frozen=True)
class Group:
    """A column of tiles. size: in parts that may stand below each other, '8×8', '×128'. more: what is left out, '+ 120'.

    scale: None for pixels, or where each tile has its own. joined: it is a later step of the layer before it. fold: what a
    click on its title opens or closes.
    """

    title: str
    size: tuple[str, ...]
    more: str
    scale: Scale | None
    tiles: Sequence[Tile]
    joined: bool = False
    fold: Fold | None = None


@dataclass(frozen=True)
class Outcome:
    """One class. share: 0-1, the length of its bar. percent: the same in words. text: its text alternative."""

    name: str
    share: float
    percent: str
    text: str


@dataclass(frozen=True)
class Edge:
    """source, target: positions among all tiles and then all outcomes, in order. weight: 0-1. holds: whether it holds back."""

    source: int
    target: int
    weight: float
    holds: bool


def overview(
    groups: Sequence[Group],
    outcomes: Sequence[Outcome],
    edges: Sequence[Edge],
    *,
    key: str,
    label: str,
    note: str,
    more: str,
    scales: Mapping[str, str],
    scale: str,
    on_choose: Callable[[], None],
    on_scale: Callable[[], None],
    on_fold: Callable[[], None],
) -> None:
    """Triggers `chosen` with a tile's target as a list, `scaled` with a key of `scales`, and `folded` with a layer's name.

    note: what is shown, in a few words. more: how many classes are left out. scales: the colour scales by their names.
    """
    palettes = list(dict.fromkeys(group.scale.palette for group in groups if group.scale))
    tiles = [tile for group in groups for tile in group.tiles]
    header: dict[str, object] = {
        "label": label,
        "note": note,
        "more": more,
        "scales": [{"name": name, "title": title, "chosen": name == scale} for name, title in scales.items()],
        "palettes": palettes,
        "groups": [_group(group) for group in groups],
        "outcomes": [asdict(outcome) for outcome in outcomes],
        "edges": [[edge.source, edge.target, round(edge.weight, 4), int(edge.holds)] for edge in edges],
    }
    arrays = [*(colour_table(palette) for palette in palettes), *(tile.picture for tile in tiles)]
    _mount(key=key, data=pack(header, arrays), on_chosen_change=on_choose, on_scaled_change=on_scale, on_folded_change=on_fold)


def _group(group: Group) -> dict[str, object]:
    return {
        "title": group.title,
        "size": list(group.size),
        "joined": group.joined,
        "fold": asdict(group.fold) if group.fold else None,
        "more": group.more,
        "palette": group.scale.palette if group.scale else None,
        "ticks": [number(tick) for tick in group.scale.ticks] if group.scale else [],
        "tiles": [_tile(tile) for tile in group.tiles],
    }


def _tile(tile: Tile) -> dict[str, object]:
    height, width = tile.picture.shape[:2]
    return {
        "name": tile.name,
        "text": tile.text,
        "written": tile.written,
        "target": list(tile.target) if tile.target else None,
        "marked": tile.marked,
        "height": height,
        "width": width,
    }
