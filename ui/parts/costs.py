"""Shape, parameters and multiply-adds of each layer."""

import streamlit as st

from convoscope import words
from ui.state import Visit

ROW = 42  # pixels


def costs(visit: Visit) -> None:
    network = visit.network
    st.markdown(
        f"One photo costs **{words.count(network.multiply_adds)} multiply-adds** with "
        f"**{words.count(network.parameters)} parameters**.",
        help="Multiply-adds of convolutions and dense layers, read from the graph; all else is small beside them.",
    )
    rows = [
        f"| {layer.number} | {words.plain(layer.title)} | {', '.join(stage.title for stage in layer.stages)} "
        f"| {words.shape_text(layer.stages[0].shape)} | {words.shape_text(layer.shape)} | {layer.parameters:,} "
        f"| {layer.multiply_adds:,} | {words.percent(layer.multiply_adds / network.multiply_adds)} |"
        for layer in network.layers
    ]
    head = "| | Layer | Steps | First step | Last step | Parameters | Multiply-adds | Share |\n|-:|:-|:-|:-|:-|-:|-:|-:|"
    with st.container(height=ROW * (len(rows) + 2), border=False):  # a fixed height scrolls, sideways too
        st.markdown("\n".join([head, *rows]))
