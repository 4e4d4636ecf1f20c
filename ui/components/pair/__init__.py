"""A map before and after a step, side by side: the window under the pointer and the number it becomes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from convoscope.operations import Window
from ui.components.packet import register
from ui.components.pictures import SHARED, Picture, pack_pictures

_mount = register("pair", *SHARED)


@dataclass(frozen=True)
class Pair:
    """One channel. name: 'channel 12'. about: a sentence on what the step did to it."""

    name: str
    about: str
    before: Picture
    after: Picture


def pair(
    pairs: Sequence[Pair],
    window: Window,
    step: Literal["relu", "nonlinear", "largest", "mean"],
    *,
    key: str,
    titles: tuple[str, str],
    label: str,
) -> None:
    """window: which cells of the map before make one cell of the map after. label: what the maps are of."""
    down, across = window
    header: dict[str, object] = {
        "channels": [{"name": each.name, "about": each.about} for each in pairs],
        "window": {
            "size": (down.kernel, across.kernel),
            "stride": (down.stride, across.stride),
            "before": (down.before, across.before),
            "gap": (down.dilation, across.dilation),
        },
        "step": step,
        "titles": titles,
        "label": label,
    }
    _mount(key=key, data=pack_pictures(header, [picture for each in pairs for picture in (each.before, each.after)]))
