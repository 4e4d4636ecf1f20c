"""A magnifying glass: the pixels under the pointer as numbers, channels apart."""

from ui.components.packet import register
from ui.components.pictures import SHARED, Picture, pack_pictures

_mount = register("pixels", *SHARED)


def pixels(picture: Picture, *, key: str, label: str) -> None:
    """picture: uint8 (H, W, 1 or 3)."""
    _mount(key=key, data=pack_pictures({"label": label}, [picture]))
