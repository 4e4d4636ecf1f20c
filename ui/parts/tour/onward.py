"""The way from a number of the tour to the page that shows how it is made."""

from dataclasses import replace

import streamlit as st

from convoscope.layers import Stage
from ui.links import UNIT, to_link
from ui.visit import Visit


def to_its_page(visit: Visit, stage: Stage, channel: int, cell: tuple[int, int], label: str) -> None:
    """A link to this cell, row and column, of a stage's channel."""
    layer = next(layer for layer in visit.network.layers if stage in layer.stages)
    chosen = replace(visit.selection, layer=layer.name, stage=stage.tensor, channel=channel, cell=cell)
    st.page_link(UNIT, label=label, icon=":material/calculate:", query_params=to_link(chosen, visit.network))
