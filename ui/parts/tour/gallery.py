"""Maps to look through: a click enlarges one, in the browser alone."""

from collections.abc import Sequence

import streamlit as st

from convoscope.render import Scale
from ui.components.maps import Tile, maps
from ui.components.packet import ROOM


def gallery(tiles: Sequence[Tile], scale: Scale, *, key: str, label: str, picture: Tile | None = None) -> None:
    """Of large maps the first ones, as many as there is room for."""
    shown = tiles[: max(1, ROOM // tiles[0].values.nbytes)]
    maps(shown, key=key, label=label, size=96, legend=scale, picture=picture, on_choose=_stays_in_the_browser)
    if len(shown) < len(tiles):
        st.caption(f"Maps of this size are large: the first {len(shown)} of {len(tiles)} are shown.")


def _stays_in_the_browser() -> None:
    """Which map is open is no part of the selection here."""
