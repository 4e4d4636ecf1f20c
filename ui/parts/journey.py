"""The photo's way through the network in one strip: the strongest map after each layer."""

import streamlit as st

from convoscope import words
from convoscope.render import scale_of
from convoscope.strength import strongest_first
from ui import state
from ui.components.maps import Tile, maps
from ui.parts.seen import seen
from ui.visit import Visit


def journey(visit: Visit) -> None:
    with st.container(border=True):
        st.markdown(
            "**The journey** :gray[of the photo: the strongest map after each layer, darker where it responds more. "
            "Choose one to see them all.]"
        )
        key = state.component_key("journey", visit)
        maps(
            _tiles(visit),
            key=key,
            label="The strongest map after each layer",
            size=92,
            layout="strip",
            on_choose=state.taken(key, "chosen", state.go_to_layer),
        )


def _tiles(visit: Visit) -> list[Tile]:
    tiles = [seen(visit)]
    for layer in visit.network.layers:
        stage = layer.shown_stage(None)
        if stage is None:
            continue
        values = visit.trace.values(stage)
        channel = int(strongest_first(values)[0])
        strongest = values[channel]
        note = f"{values.shape[1]} × {values.shape[2]}, 1 of {len(values)}"
        text = f"channel {channel}, {words.map_text(strongest)}"
        tiles.append(
            Tile(
                layer.number,
                layer.title.lower(),
                note,
                text,
                strongest,
                scale_of(values, stage.palette),
            )
        )
    return tiles
