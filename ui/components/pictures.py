"""Pictures for components that draw them under the pointer: maps on a stated scale, or pixels as they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convoscope.render import Palette, Scale, colour_table
from convoscope.words import number
from ui.components.packet import pack

SHARED = ("colours", "pictures")


@dataclass(frozen=True)
class Picture:
    """A map, float (H, W), on its scale; or pixels, uint8 (H, W, 1 or 3), with no scale."""

    values: NDArray[np.floating] | NDArray[np.uint8]
    scale: Scale | None = None


def pack_pictures(header: dict[str, object], pictures: Sequence[Picture], palettes: Sequence[Palette] = ()) -> bytes:
    """The header with `pictures`, and `tables` by palette: those of the pictures' scales and the `palettes` beside them."""
    needed = dict.fromkeys([*palettes, *(picture.scale.palette for picture in pictures if picture.scale)])
    tables = {palette: len(pictures) + at for at, palette in enumerate(needed)}
    arrays: list[NDArray[Any]] = [_raw(picture) for picture in pictures] + [colour_table(palette) for palette in needed]
    entries = [_entry(picture) | {"slot": at} for at, picture in enumerate(pictures)]
    return pack({**header, "pictures": entries, "tables": tables}, arrays)


def _raw(picture: Picture) -> NDArray[Any]:
    return picture.values if picture.scale is None else picture.values.astype(np.float32)


def _entry(picture: Picture) -> dict[str, object]:
    height, width = picture.values.shape[:2]
    scale = picture.scale
    if scale is None:
        return {"height": height, "width": width, "channels": picture.values.shape[2], "palette": None}
    ticks = [number(tick) for tick in scale.ticks]
    return {"height": height, "width": width, "palette": scale.palette, "low": scale.low, "high": scale.high, "ticks": ticks}
