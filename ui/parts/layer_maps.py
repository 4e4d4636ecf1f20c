"""Every activation map of one layer."""

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from convoscope import words
from convoscope.layers import Stage
from convoscope.render import Palette, Scale, scale_of
from ui import state
from ui.components.maps import Tile, maps
from ui.links import ORDERS, SCALES
from ui.state import Visit

_ORDER_WORDS = {"strength": "strongest first", "number": "by number"}
_SCALE_WORDS = {"layer": "one per layer", "map": "one per map", "network": "one for all"}


def layer_choice(visit: Visit) -> None:
    layers = {layer.name: layer.title.replace("Convolution", "conv").lower() for layer in visit.network.layers}
    state.settle(layer=visit.layer.name)
    st.segmented_control("Layer", tuple(layers), format_func=layers.__getitem__, required=True, **state.bound("layer"))


def layer_maps(visit: Visit) -> None:
    """The controls, one sentence, and the maps."""
    stage = visit.stage
    if stage is None:
        st.markdown(
            f"**{visit.layer.title}** has no maps: it turns {words.shape_text(_features(visit))} into "
            f"{words.shape_text(visit.layer.shape)}, one logit per class. They stand on the first page, as probabilities."
        )
        return
    _controls(visit, stage)
    values = visit.trace.values(stage)
    st.markdown(_sentence(visit, stage, values))
    key = state.component_key(f"maps-{stage.tensor}", visit)
    selection = visit.selection
    maps(
        _tiles(visit, stage, values),
        key=key,
        label=f"Activation maps of {visit.layer.title}, {stage.title}",
        size=96,
        legend=None if selection.scale == "map" else _scales(visit, stage, values)[0],
        enlarged=state.as_first_shown((key, visit.crop, selection.order, selection.scale), selection.channel),
        on_choose=state.taken(key, "chosen", lambda channel: state.select(channel=channel)),
    )


def _features(visit: Visit) -> tuple[int, ...]:
    before = [stage for stage in visit.network.stages if len(stage.shape) == 1 and stage not in visit.layer.stages]
    return before[-1].shape if before else visit.network.layers[-2].shape


def _controls(visit: Visit, stage: Stage) -> None:
    titles = {each.tensor: _stage_title(each) for each in visit.layer.map_stages}
    state.settle(stage=stage.tensor)
    with st.container(horizontal=True, gap="medium"):
        st.segmented_control(
            "Step",
            tuple(titles),
            format_func=titles.__getitem__,
            required=True,
            help=_STEP_HELP,
            **state.bound("stage"),
        )
        st.segmented_control("Order", ORDERS, format_func=_ORDER_WORDS.__getitem__, required=True, **state.bound("order"))
        st.segmented_control(
            "Colour scale",
            SCALES,
            format_func=_SCALE_WORDS.__getitem__,
            required=True,
            help=_SCALE_HELP,
            **state.bound("scale"),
        )


def _stage_title(stage: Stage) -> str:
    return {"Conv": "convolution", "Relu": "after ReLU", "MaxPool": "after pooling"}.get(stage.operator, stage.title)


def _sentence(visit: Visit, stage: Stage, values: NDArray[np.float32]) -> str:
    strongest = int(values.reshape(len(values), -1).max(1).argmax())
    respond = words.responding(values)
    silent = len(values) - respond
    tail = f"; {silent} {'is' if silent == 1 else 'are'} silent for this photo" if silent else ""
    return (
        f"{words.shape_text(stage.shape).capitalize()}: **{respond} of {len(values)}** respond to {visit.photo_title}{tail}. "
        f"Channel **{strongest}** is the strongest, {words.number(values.max())} {words.place(values[strongest])}."
    )


def _tiles(visit: Visit, stage: Stage, values: NDArray[np.float32]) -> list[Tile]:
    peaks = values.reshape(len(values), -1).max(1)
    order = np.argsort(-peaks, kind="stable") if visit.selection.order == "strength" else np.arange(len(values))
    scales = _scales(visit, stage, values)
    tiles = []
    for channel in map(int, order):
        silent = bool(peaks[channel] <= words.RESPONSE)
        note = "silent" if silent else f"max {words.number(peaks[channel])}"
        text = words.map_text(values[channel])
        tiles.append(Tile(channel, f"channel {channel}", note, text, values[channel], scales[channel], silent))
    return tiles


def _scales(visit: Visit, stage: Stage, values: NDArray[np.float32]) -> list[Scale]:
    palette: Palette = "signed" if stage.signed else "positive"
    if visit.selection.scale == "map":
        return [scale_of(each, palette) for each in values]
    extent: NDArray[np.floating] = values
    if visit.selection.scale == "network":
        extent = np.array([np.abs(each.values).max() for each in visit.trace.activations if each.stage.is_maps])
    return [scale_of(extent, palette)] * len(values)


_STEP_HELP = (
    "A convolution multiplies a small window with its kernel and adds up: red is negative, blue positive. ReLU sets what is "
    "negative to zero, so red disappears. Pooling keeps the largest of each 2 × 2 cells."
)
_SCALE_HELP = (
    "Which values the darkest colours stand for: the same for all maps of this layer, each map's own, or one for the "
    "whole network."
)
