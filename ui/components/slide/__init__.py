"""A kernel that one can edit, sliding over a picture: window × kernel = one number of the map beside it."""

from collections.abc import Sequence

from convoscope.filters import Example
from ui.components.packet import register
from ui.components.pictures import SHARED, Picture, pack_pictures

_mount = register("slide", *SHARED)


def slide(picture: Picture, examples: Sequence[Example], *, key: str, label: str) -> None:
    """picture: uint8 (H, W, 1). The first of the examples is the kernel it begins with."""
    presets = [{"name": each.name, "kernel": each.kernel.round(6).tolist(), "does": each.does} for each in examples]
    _mount(key=key, data=pack_pictures({"label": label, "presets": presets}, [picture], ["signed", "weights"]))
