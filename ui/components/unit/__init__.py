"""One channel of one stage under the microscope: the pointer picks a cell, and the arithmetic of that cell is shown.

All that moves under the pointer is computed in the browser, from the maps, kernels and tables that are sent here.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convoscope.arithmetic import Largest, Moved, Pointwise, Recipe, Softmax, Unary, Weighted
from convoscope.overview import reduced
from convoscope.receptive import Fields
from convoscope.render import Scale, colour_table
from convoscope.rest import strongest
from convoscope.window import Axis
from convoscope.words import number
from ui.components.packet import ROOM, pack, register

AVERAGED = 1_000_000  # bytes of the maps that are only looked at

_mount = register("unit", "colours")
_KINDS: dict[type, str] = {
    Weighted: "weighted",
    Pointwise: "pointwise",
    Largest: "largest",
    Unary: "unary",
    Moved: "moved",
    Softmax: "softmax",
}


@dataclass(frozen=True)
class Step:
    """How a value is made. title: 'ReLU'. rule: 'max(0, x)' as far as it stands before the bracket. scale: of its values."""

    recipe: Recipe
    title: str
    rule: str
    scale: Scale


@dataclass(frozen=True)
class Channel:
    """One to choose from. note: a few words about its strength. thumbnail: float32 (h, w)."""

    index: int
    note: str
    thumbnail: NDArray[np.float32]


@dataclass(frozen=True)
class View:
    """unit: 'channel 7 of layer 2, convolution'. inputs: '32 maps'. noun: what a term is, 'map'. labels: of all terms' sources.

    averaged: float32 (N, H, W), the maps that the terms' numbers are averages of. next: what becomes of the value.
    picture: uint8 (S, S, C), what the network gets. cell: row and column.
    """

    unit: str
    inputs: str
    noun: str
    step: Step
    labels: Sequence[str]
    source_scale: Scale
    averaged: NDArray[np.float32] | None
    next: Sequence[Step]
    channels: Sequence[Channel]
    chosen_channel: int
    fields: Fields
    picture: NDArray[np.uint8]
    photo_title: str
    cell: tuple[int, int]
    pinned: bool


def unit(view: View, *, key: str, on_cell: Callable[[], None], on_channel: Callable[[], None]) -> None:
    """Triggers `cell` with [row, column], or [] for none, and `channel` with a channel's index.

    Of a sum of more maps than fit into ROOM the strongest are sent, and what the others add to each cell.
    """
    arrays: dict[str, NDArray[Any]] = {}
    header = _header(view, arrays)
    header["names"] = list(arrays)
    _mount(key=key, data=pack(header, list(arrays.values())), on_cell_change=on_cell, on_channel_change=on_channel)


def _header(view: View, arrays: dict[str, NDArray[Any]]) -> dict[str, object]:
    """The packet's header; its arrays are put into `arrays`."""
    recipe, fields = view.step.recipe, view.fields
    height, width = recipe.values.shape
    arrays |= {
        "values": recipe.values,
        "picture": view.picture,
        "fieldRows": fields.rows.astype(np.float32),
        "fieldColumns": fields.columns.astype(np.float32),
        "reachRows": fields.reach_rows.astype(np.float32),
        "reachColumns": fields.reach_columns.astype(np.float32),
    }
    header: dict[str, object] = {
        "unit": view.unit,
        "inputs": view.inputs,
        "noun": view.noun,
        "step": view.step.title,
        "rule": view.step.rule,
        "height": height,
        "width": width,
        "scale": _scale(view.step.scale, arrays),
        "ticks": [number(tick) for tick in view.step.scale.ticks],
        "sourceScale": _scale(view.source_scale, arrays),
        "next": [_next(step, at, arrays) for at, step in enumerate(view.next)],
        "channels": [{"index": each.index, "note": each.note} for each in view.channels],
        "chosenChannel": view.chosen_channel,
        "size": fields.size,
        "colours": view.picture.shape[2],
        "photoTitle": view.photo_title,
        "cell": list(view.cell),
        "pinned": view.pinned,
    }
    if view.channels:
        arrays["thumbs"] = np.stack([each.thumbnail for each in view.channels])
        header["thumbSize"] = list(view.channels[0].thumbnail.shape)
    if view.averaged is not None:
        arrays["averaged"] = reduced(view.averaged, math.isqrt(AVERAGED // (4 * len(view.averaged))) or 1)
        header["averagedSize"] = list(arrays["averaged"].shape[1:])
        header["averagedScale"] = _scale(Scale("positive", 0.0, float(view.averaged.max(initial=0)) or 1.0), arrays)
    return header | _recipe(recipe, view.labels, arrays)


def _recipe(recipe: Recipe, labels: Sequence[str], arrays: dict[str, NDArray[Any]]) -> dict[str, object]:
    kind: dict[str, object] = {"kind": _KINDS[type(recipe)], "labels": list(labels), "left": 0}
    if isinstance(recipe, Weighted | Pointwise):
        kind |= {"count": len(recipe.maps), "taken": list(recipe.maps.shape[1:])}
    if isinstance(recipe, Weighted):
        kind |= _weighted(recipe, labels, arrays)
    if isinstance(recipe, Pointwise):
        arrays |= {"sources": recipe.maps, "factors": _once(recipe.factors), "offset": _once(recipe.offset[None])}
        kind |= {"weightScale": _scale(Scale("weights", *_ends(recipe.factors)), arrays), "adds": recipe.adds}
    if isinstance(recipe, Largest | Unary | Moved):
        arrays["sources"] = recipe.map
        kind |= {"taken": list(recipe.map.shape)}
    if isinstance(recipe, Largest):
        kind |= {"count": 1, "rows": _axis(recipe.rows), "columns": _axis(recipe.columns)}
    if isinstance(recipe, Unary):
        kind |= _unary(recipe)
    if isinstance(recipe, Softmax):
        arrays["sources"] = recipe.logits
        kind |= {"index": recipe.index}
    if isinstance(recipe, Moved):
        kind |= {"from": list(recipe.cell)}
    return kind


def _weighted(recipe: Weighted, labels: Sequence[str], arrays: dict[str, NDArray[Any]]) -> dict[str, object]:
    """The maps that there is room for beside the other arrays, and what all others add to each cell."""
    kind: dict[str, object] = {"weightScale": _scale(Scale("weights", *_ends(recipe.kernels)), arrays)}
    maps, kernels = recipe.maps, recipe.kernels.astype(np.float32)
    room = ROOM - sum(array.nbytes for array in arrays.values())
    if maps.nbytes + kernels.nbytes > room:
        rest_of_all = 2 * recipe.values.nbytes
        shown, rest = strongest(recipe, max(1, (room - rest_of_all) // (maps[0].nbytes + kernels[0].nbytes)))
        maps, kernels = maps[shown], kernels[shown]
        arrays |= {"restSums": rest.sums.astype(np.float32), "restMagnitudes": rest.magnitudes.astype(np.float32)}
        kind |= {"count": len(shown), "labels": [labels[at] for at in shown], "left": rest.count}
    arrays |= {"sources": maps, "weights": kernels}
    whole = recipe.rows.kernel == recipe.rows.size and recipe.columns.kernel == recipe.columns.size
    return kind | {
        "bias": recipe.bias,
        "counts": recipe.counts,
        "rows": _axis(recipe.rows),
        "columns": _axis(recipe.columns),
        "dense": whole,
    }


def _next(step: Step, at: int, arrays: dict[str, NDArray[Any]]) -> dict[str, object]:
    recipe = step.recipe
    found: dict[str, object] = {"kind": _KINDS[type(recipe)], "title": step.title, "rule": step.rule}
    if isinstance(recipe, Unary):
        return found | _unary(recipe)
    assert isinstance(recipe, Largest)
    arrays[f"next{at}"] = recipe.map
    height, width = recipe.values.shape
    found |= {"map": f"next{at}", "height": height, "width": width, "scale": _scale(step.scale, arrays)}
    return found | {"rows": _axis(recipe.rows), "columns": _axis(recipe.columns)}


def _unary(recipe: Unary) -> dict[str, object]:
    low, high = (bound if np.isfinite(bound) else None for bound in (recipe.low, recipe.high))
    curve = recipe.curve and {"operator": recipe.curve.operator, "a": recipe.curve.a, "b": recipe.curve.b}
    passes = not curve and recipe.slope == 1 and low is None and high is None
    return {"slope": recipe.slope, "low": low, "high": high, "passes": passes, "curve": curve}


def _once(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """(N, H, W), or (N,) where each map has one number everywhere."""
    same = bool((values == values[:, :1, :1]).all())
    return np.asarray(values[:, 0, 0] if same else values, np.float32)


def _axis(axis: Axis) -> dict[str, int]:
    return {
        "size": axis.size,
        "kernel": axis.kernel,
        "stride": axis.stride,
        "dilation": axis.dilation,
        "before": axis.before,
        "after": axis.after,
    }


def _scale(scale: Scale, arrays: dict[str, NDArray[Any]]) -> dict[str, object]:
    table = f"palette {scale.palette}"
    arrays.setdefault(table, colour_table(scale.palette))
    return {"table": table, "low": scale.low, "high": scale.high}


def _ends(values: NDArray[np.float64]) -> tuple[float, float]:
    peak = float(np.abs(values).max(initial=0)) or 1.0
    return -peak, peak
