"""The picture that goes into the network, as a tile."""

from ui.components.maps import Tile
from ui.visit import Visit


def seen(visit: Visit) -> Tile:
    resized = visit.prepared.resized
    size = f"{resized.shape[0]} × {resized.shape[1]}"
    return Tile(0, "photo", size, f"what the network sees of {visit.photo_title}, {size} pixels", resized, None)
