"""Maps to look through: a click enlarges one, in the browser alone."""

from collections.abc import Sequence

from convoscope.render import Scale
from ui.components.maps import Tile, maps


def gallery(tiles: Sequence[Tile], scale: Scale, *, key: str, label: str, picture: Tile | None = None) -> None:
    maps(tiles, key=key, label=label, size=96, legend=scale, picture=picture, on_choose=_stays_in_the_browser)


def _stays_in_the_browser() -> None:
    """Which map is open is no part of the selection here."""
