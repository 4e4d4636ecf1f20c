"""Shape, parameters and multiply-adds of each layer."""

import math

import streamlit as st

from convoscope import words
from convoscope.layers import Layer
from ui.components.table import Cell, table
from ui.visit import Visit

STEPS = 5  # that are named
HEADINGS = ("Layer", "Parameters", "Multiply-adds", "Share of all", "In the graph", "Window", "Steps", "First step", "Last step")


def costs(visit: Visit) -> None:
    network = visit.network
    st.markdown(
        f"One photo costs **{words.count(network.multiply_adds)} multiply-adds** with "
        f"**{words.count(network.parameters)} parameters**.",
        help="Multiply-adds of convolutions and dense layers, read from the graph; all else is small beside them.",
    )
    rows = []
    for layer in network.layers:
        share = layer.multiply_adds / network.multiply_adds
        rows.append(
            [
                Cell(f"{layer.number}. {layer.title}", layer.number),
                Cell(f"{layer.parameters:,}", layer.parameters),
                Cell(f"{layer.multiply_adds:,}", layer.multiply_adds),
                Cell(words.percent(share), share, share),
                Cell(layer.module or layer.name, layer.number),
                Cell(layer.weighted.window or "–", layer.number),
                Cell(_steps(layer), layer.number),
                Cell(words.shape_text(layer.stages[0].shape), math.prod(layer.stages[0].shape)),
                Cell(words.shape_text(layer.shape), math.prod(layer.shape)),
            ]
        )
    table(HEADINGS, rows, key=f"costs-{network.key[:8]}", label="What each layer costs")


def _steps(layer: Layer) -> str:
    titles = [stage.title for stage in layer.stages]
    more = len(titles) - STEPS
    return ", ".join(titles[:STEPS]) + (f" … {more} more" if more > 0 else "")
