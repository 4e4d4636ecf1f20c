"""The layers by name, and the choice of one."""

from collections.abc import Sequence

import streamlit as st

from convoscope import words
from convoscope.layers import Layer, Stage
from ui import state
from ui.visit import Visit

MANY = 16  # from more layers one is chosen in a list that can be searched
LINE = 560  # px, a line of that list


def layer_choice(visit: Visit) -> None:
    """Among all of them; it begins with the one that the page shows."""
    _choice(visit, "Layer", [layer.name for layer in visit.network.layers], visit.layer.name)


def one_layer(visit: Visit, names: Sequence[str], label: str = "Layer", first: str | None = None) -> str:
    """The choice among these layers, which begins with `first`, or the last; returns the name of the one shown.

    names: in the order of the graph, at least one.
    """
    shown = shown_layer(visit, names, first)
    _choice(visit, label, names, shown)
    return shown


def _choice(visit: Visit, label: str, names: Sequence[str], shown: str) -> None:
    layers = {layer.name: layer for layer in visit.network.layers}
    widget = state.bound("layer", shown)
    if len(names) > MANY:
        st.selectbox(label, tuple(names), format_func=lambda name: _line(layers[name]), width=LINE, **widget)
        return
    titles = {name: words.plain(short_title(layers[name])) for name in names}
    st.segmented_control(label, tuple(names), format_func=titles.__getitem__, required=True, wrap=True, **widget)


def _line(layer: Layer) -> str:
    """'layer 5 · stages.0.conv_dw · convolution 7 × 7, padding 3, depthwise · 40 maps of 16 × 16'."""
    step = layer.weighted
    parts = [short_title(layer), layer.module, f"{step.title} {step.window}".strip(), words.shape_text(step.shape)]
    return " · ".join(part for part in parts if part)


def short_title(layer: Layer) -> str:
    """'conv 3'; not yet fit for Markdown."""
    return layer.title.replace("Convolution", "conv").lower()


def step_title(visit: Visit, tensor: str) -> str:
    """'conv 3', 'conv 3 after ReLU', 'the photo'; not yet fit for Markdown."""
    layer = next((each for each in visit.network.layers if tensor in each.step_titles), None)
    if layer is None:
        return "the photo"
    return short_title(layer) if tensor == layer.name else f"{short_title(layer)} after {layer.step_titles[tensor]}"


def shown_layer(visit: Visit, names: Sequence[str], first: str | None = None) -> str:
    return next((name for name in names if name == visit.selection.layer), first or names[-1])


def layer_of(visit: Visit, stage: Stage) -> Layer:
    return next(layer for layer in visit.network.layers if stage in layer.stages)
