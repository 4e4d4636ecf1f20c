"""One channel of one stage under the microscope: the pointer picks a cell, and the arithmetic of that cell is shown.

All that moves under the pointer is computed in the browser, from the maps, kernels and tables that are sent here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convoscope.arithmetic import Bent, Largest, Moved, Pointwise, Recipe, Softmax, Weighted
from convoscope.receptive import Fields
from convoscope.render import Scale, colour_table
from convoscope.window import Axis
from convoscope.words import number
from ui.components.packet import pack, register

_mount = register("unit")
_KINDS: dict[type, str] = {
    Weighted: "weighted",
    Pointwise: "pointwise",
    Largest: "largest",
    Bent: "bent",
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
    """unit: 'channel 7 of layer 2, convolution'. inputs: '32 maps'. noun: what a term is, 'map'. labels: of the terms' sources.

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
    """Triggers `cell` with [row, column], or [] for none, and `channel` with a channel's index."""
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
        "labels": list(view.labels),
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
        arrays["averaged"] = view.averaged
        header["averagedSize"] = list(view.averaged.shape[1:])
        header["averagedScale"] = _scale(Scale("positive", 0.0, float(view.averaged.max(initial=0)) or 1.0), arrays)
    return header | _recipe(recipe, arrays)


def _recipe(recipe: Recipe, arrays: dict[str, NDArray[Any]]) -> dict[str, object]:
    kind: dict[str, object] = {"kind": _KINDS[type(recipe)]}
    if isinstance(recipe, Weighted | Pointwise):
        arrays["sources"] = recipe.maps
        kind |= {"count": len(recipe.maps), "taken": list(recipe.maps.shape[1:])}
    if isinstance(recipe, Weighted):
        weights = Scale("weights", *_ends(recipe.kernels))
        arrays["weights"] = recipe.kernels.astype(np.float32)
        kind |= {"bias": recipe.bias, "counts": recipe.counts, "weightScale": _scale(weights, arrays)}
        kind |= {"rows": _axis(recipe.rows), "columns": _axis(recipe.columns)}
        kind |= {"dense": recipe.rows.kernel == recipe.rows.size and recipe.columns.kernel == recipe.columns.size}
    if isinstance(recipe, Pointwise):
        arrays |= {"factors": recipe.factors.astype(np.float32), "offset": recipe.offset.astype(np.float32)}
        kind |= {"weightScale": _scale(Scale("weights", *_ends(recipe.factors)), arrays)}
    if isinstance(recipe, Largest | Bent | Moved):
        arrays["sources"] = recipe.map
        kind |= {"taken": list(recipe.map.shape)}
    if isinstance(recipe, Largest):
        kind |= {"count": 1, "rows": _axis(recipe.rows), "columns": _axis(recipe.columns)}
    if isinstance(recipe, Bent):
        kind |= _bend(recipe)
    if isinstance(recipe, Softmax):
        kind |= {"given": float(recipe.logits[recipe.index])}
    if isinstance(recipe, Moved):
        kind |= {"from": list(recipe.cell)}
    return kind


def _next(step: Step, at: int, arrays: dict[str, NDArray[Any]]) -> dict[str, object]:
    recipe = step.recipe
    found: dict[str, object] = {"kind": _KINDS[type(recipe)], "title": step.title, "rule": step.rule}
    if isinstance(recipe, Bent):
        return found | _bend(recipe)
    assert isinstance(recipe, Largest)
    arrays[f"next{at}"] = recipe.map
    height, width = recipe.values.shape
    found |= {"map": f"next{at}", "height": height, "width": width, "scale": _scale(step.scale, arrays)}
    return found | {"rows": _axis(recipe.rows), "columns": _axis(recipe.columns)}


def _bend(recipe: Bent) -> dict[str, object]:
    low, high = (bound if np.isfinite(bound) else None for bound in (recipe.low, recipe.high))
    passes = recipe.slope == 1 and low is None and high is None
    return {"slope": recipe.slope, "low": low, "high": high, "passes": passes}


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
