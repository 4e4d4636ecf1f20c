"""The choice of a layer in views that look at one; they begin with the last."""

from collections.abc import Sequence

import streamlit as st

from convoscope import words
from convoscope.layers import Layer, Stage
from ui import state
from ui.visit import Visit


def one_layer(visit: Visit, names: Sequence[str], label: str = "Layer") -> str:
    """The choice among these layers; returns the name of the one shown. names: in the order of the graph, at least one."""
    titles = {layer.name: words.plain(short_title(layer)) for layer in visit.network.layers}
    shown = shown_layer(visit, names)
    st.segmented_control(
        label, tuple(names), format_func=titles.__getitem__, required=True, wrap=True, **state.bound("layer", shown)
    )
    return shown


def short_title(layer: Layer) -> str:
    """'conv 3'; not yet fit for Markdown."""
    return layer.title.replace("Convolution", "conv").lower()


def shown_layer(visit: Visit, names: Sequence[str]) -> str:
    return next((name for name in names if name == visit.selection.layer), names[-1])


def layer_of(visit: Visit, stage: Stage) -> Layer:
    return next(layer for layer in visit.network.layers if stage in layer.stages)
