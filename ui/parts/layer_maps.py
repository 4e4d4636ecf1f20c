"""Every activation map of one layer."""

import io
import math

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from convoscope import words
from convoscope.layers import Stage
from convoscope.render import Scale, sprite
from convoscope.strength import RESPONSE, peaks, responding, strongest_first
from ui import state
from ui.components.maps import CLOSED, Tile, maps
from ui.components.packet import ROOM
from ui.links import UNIT
from ui.parts.overview import open_channel
from ui.parts.scales import TITLES, scales
from ui.parts.seen import seen
from ui.parts.why.downloads import slug
from ui.visit import Visit

STEP_HELP = (
    "A convolution multiplies a small window with its kernel and adds up: red is negative, blue positive. ReLU sets what is "
    "negative to zero, so red disappears. Pooling keeps the largest of each 2 × 2 cells."
)
_ORDER_WORDS = {"strength": "strongest first", "number": "by number"}


def layer_maps(visit: Visit) -> None:
    """The controls, one sentence, and the maps."""
    stage = visit.stage
    if stage is None:
        st.markdown(_without_maps(visit))
        st.page_link(UNIT, label="How its numbers are made →", query_params=state.link())
        return
    _controls(visit, stage)
    values = visit.trace.values(stage)
    st.markdown(_sentence(visit, stage, values))
    tiles = _tiles(visit, stage, values)
    st.caption(_cost(visit) + _left_out(visit, len(tiles), len(values)) + _single_numbers(visit))
    key, selection = state.component_key("maps", visit), visit.selection
    maps(
        tiles,
        key=key,
        label=f"Activation maps of {visit.layer.title}, {stage.title}",
        size=96,
        legend=None if selection.scale == "map" else tiles[0].scale,
        enlarged=state.as_first_shown((key, stage, visit.crop, selection.order, selection.scale), selection.channel),
        picture=seen(visit),
        onward="How its numbers are made",
        come_for="choose_layer" if state.come_for_maps() else None,
        on_choose=state.taken(key, "chosen", lambda channel: state.select(channel=None if channel == CLOSED else channel)),
        on_onward=state.taken(key, "onward", lambda channel: open_channel(visit, stage.tensor, channel)),
    )
    in_order = values[[tile.index for tile in tiles]]  # a copy, so that the button does not keep the whole trace
    of_each = tuple(tile.scale for tile in tiles if tile.scale)
    st.download_button(
        "Save as a picture",
        lambda: _png(in_order, of_each),
        file_name=f"{slug(f'{selection.photo}-{selection.model}-{stage.tensor}')}.png",
        mime="image/png",
        icon=":material/download:",
        on_click="ignore",
    )


def _png(maps_in_order: NDArray[np.float32], of_each: tuple[Scale, ...]) -> bytes:
    file = io.BytesIO()
    columns = math.ceil(math.sqrt(len(maps_in_order)))
    Image.fromarray(sprite(maps_in_order, of_each, columns, tile=96)).save(file, "PNG")
    return file.getvalue()


def _without_maps(visit: Visit) -> str:
    layer = visit.layer
    scores = any(stage.tensor == visit.network.logits_name for stage in layer.stages)
    tail = " one score (logit) per class. Softmax turns the scores into the percentages on the first page." if scores else ""
    return f"**{words.plain(layer.title)}** has no maps. It makes {words.shape_text(layer.shape)}{':' if tail else '.'}{tail}"


def _controls(visit: Visit, stage: Stage) -> None:
    steps = {each.tensor: visit.layer.step_titles[each.tensor] for each in visit.layer.map_stages}
    with st.container(horizontal=True, gap="medium"):
        _choice("Step", steps, "stage", stage.tensor, help=STEP_HELP)
        _choice("Order", _ORDER_WORDS, "order", visit.selection.order, help=_ORDER_HELP)
        _choice("Colour scale", TITLES, "scale", visit.selection.scale, help=_SCALE_HELP)


def _choice(label: str, titles: dict[str, str], field: str, shown: str, help: str | None = None) -> None:
    """One of `titles`, by its key, tied to a field of the selection."""
    st.segmented_control(
        label, tuple(titles), format_func=titles.__getitem__, required=True, help=help, wrap=True, **state.bound(field, shown)
    )


def _sentence(visit: Visit, stage: Stage, values: NDArray[np.float32]) -> str:
    strongest = int(strongest_first(values)[0])
    respond = responding(values)
    silent = len(values) - respond
    how = "nowhere positive" if stage.signed else "silent for this photo"
    tail = f"; {silent} {'is' if silent == 1 else 'are'} {how}" if silent else ""
    return (
        f"{words.shape_text(stage.shape).capitalize()}: **{respond} of {len(values)}** respond to {visit.photo_title}{tail}. "
        f"Channel **{strongest}** is the strongest, {words.number(values.max())} {words.place(values[strongest])}."
    )


def _cost(visit: Visit) -> str:
    layer = visit.layer
    share = words.percent(layer.multiply_adds / visit.network.multiply_adds)
    parameters, work = words.count(layer.parameters), words.count(layer.multiply_adds)
    scale = " Each map is drawn on its own scale, written under it." if visit.selection.scale == "map" else ""
    what = f"{layer.weighted.title} {layer.weighted.window}".strip()
    title = f"{words.plain(layer.title)} ({words.plain(layer.module)})" if layer.module else words.plain(layer.title)
    return f"{title}: {what}; {parameters} parameters, {work} multiply-adds per photo ({share} of the network's).{scale}"


def _tiles(visit: Visit, stage: Stage, values: NDArray[np.float32]) -> list[Tile]:
    heights = peaks(values)
    of_each = scales(visit, stage, values)
    tiles = []
    for channel in map(int, _order(visit, values)):
        silent = not stage.signed and bool(heights[channel] <= RESPONSE)
        note = "silent" if silent else _range(values[channel], stage)
        text = words.map_text(values[channel])
        tiles.append(Tile(channel, f"channel {channel}", note, text, values[channel], of_each[channel], silent))
    return tiles


def _order(visit: Visit, values: NDArray[np.float32]) -> NDArray[np.intp]:
    """The channels in the chosen order; of maps too large to send all of them the first ones, and the chosen one."""
    order = np.arange(len(values)) if visit.selection.order == "number" else strongest_first(values)
    shown = np.arange(len(values)) < max(1, ROOM // values[0].nbytes - 1)
    return np.asarray(order[shown | (order == visit.selection.channel)])


def _left_out(visit: Visit, shown: int, count: int) -> str:
    if shown == count:
        return ""
    which = _ORDER_WORDS[visit.selection.order]
    return f" Maps of this size are large: {shown} of {count} are shown, {which}; the others are at hand under “One number”."


def _single_numbers(visit: Visit) -> str:
    """Which steps of the layer are not to be seen here."""
    layer = visit.layer
    steps = [layer.step_titles[stage.tensor] for stage in layer.stages if not stage.is_maps]
    if not steps or visit.network.logits_name in layer.step_titles:
        return ""
    make = "makes a single number" if len(steps) == 1 else "make single numbers"
    return f" Of this layer {words.plain(words.listed(steps))} {make} for each channel, no maps: see “One number”."


def _range(values: NDArray[np.float32], stage: Stage) -> str:
    if stage.signed:
        return f"{words.number(values.min())} … {words.number(values.max())}"
    return f"0 … {words.number(values.max())}"


_ORDER_HELP = "A map is as strong as its largest value; red ones, however dark, count as weak."
_SCALE_HELP = (
    "Which values the darkest colours stand for: the same for all maps of this layer, each map's own, or one for the "
    "whole network."
)
