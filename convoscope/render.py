"""Arrays → pictures: colours on a stated scale, one sprite per layer, overlays, legends with numbers.

One palette per kind of quantity. Nothing here is stretched silently: a `Scale` says which values its ends stand for.
"""

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Palette = Literal["signed", "positive", "weights", "evidence"]

_ANCHORS: dict[Palette, tuple[str, ...]] = {  # evenly spaced, from the low end of the scale to the high end
    "signed": ("#8c0d25", "#d6493f", "#f6b9a2", "#ffffff", "#abd0e8", "#3b82bd", "#06386b"),
    "positive": ("#ffffff", "#cfe3f2", "#8abbdd", "#3b82bd", "#06386b"),
    "weights": ("#5e3a0a", "#b98a45", "#ecd9b4", "#ffffff", "#b5ded8", "#3d9a90", "#08443e"),
    "evidence": ("#431565", "#8b5fb0", "#d2bfe2", "#ffffff", "#b9dfb4", "#4fa35b", "#0b4a22"),
}
LEVELS = 256
GAP_GREY = 160  # between the maps of a sprite, where white could be a map's
LUMA = np.array([0.2126, 0.7152, 0.0722])  # of red, green and blue in how bright a pixel is
OVERLAY_OPACITY = 0.7  # of the strongest cell
OVERLAY_POWER = 1.5  # above 1, weak cells leave the photo clear


@dataclass(frozen=True)
class Scale:
    """Which values the ends of a palette stand for. Two-sided palettes have 0 in the middle."""

    palette: Palette
    low: float
    high: float

    @property
    def ticks(self) -> tuple[float, ...]:
        """The numbers of its legend."""
        return (self.low, self.high) if self.palette == "positive" else (self.low, 0.0, self.high)


@cache
def colour_table(palette: Palette) -> NDArray[np.uint8]:
    """uint8 (256, 3), from the low end of a scale to the high end; read-only."""
    anchors = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in _ANCHORS[palette]], np.float64)
    at = np.linspace(0, len(anchors) - 1, LEVELS)
    channels = [np.interp(at, np.arange(len(anchors)), anchors[:, k]) for k in range(3)]
    table = np.stack(channels, 1).round().astype(np.uint8)
    table.flags.writeable = False
    return table


def scale_of(values: NDArray[np.floating], palette: Palette) -> Scale:
    """The scale that just holds the values: [0, max], or [−m, m] for a two-sided palette; of width 1 if all are 0."""
    peak = float(np.abs(values).max(initial=0)) or 1.0
    return Scale(palette, 0.0 if palette == "positive" else -peak, peak)


def colour(values: NDArray[np.floating], scale: Scale) -> NDArray[np.uint8]:
    """Values of any shape → uint8 (..., 3). Values beyond the scale get the colour of its end."""
    share = (values - scale.low) / (scale.high - scale.low)
    return colour_table(scale.palette)[(share * (LEVELS - 1)).round().clip(0, LEVELS - 1).astype(np.intp)]


def sprite(maps: NDArray[np.floating], scales: tuple[Scale, ...], columns: int, tile: int) -> NDArray[np.uint8]:
    """A layer's maps (C, H, W) in one picture, row by row, each about `tile` pixels wide, with gaps of 2.

    scales: one per map. Drawn with nearest neighbour, by whole factors. Returns uint8 (rows, columns, 3).
    """
    count, height, width = maps.shape
    factor = max(1, tile // max(height, width))
    gap, rows = 2, -(-count // columns)
    down, across = height * factor + gap, width * factor + gap
    picture = np.full((rows * down - gap, columns * across - gap, 3), GAP_GREY, np.uint8)
    for number, (values, scale) in enumerate(zip(maps, scales, strict=True)):
        top, left = number // columns * down, number % columns * across
        enlarged = colour(values, scale).repeat(factor, 0).repeat(factor, 1)
        picture[top : top + down - gap, left : left + across - gap] = enlarged
    return picture


def overlay(values: NDArray[np.floating], scale: Scale, alone: float = 0) -> NDArray[np.uint8]:
    """(H, W) → uint8 (H, W, 4), to lie on a photo: colour from the palette's ends, opacity growing with the magnitude.

    alone: 0-1, how far on the way from there to the map's own colours, which hide the photo.
    """
    share = np.clip(np.abs(values) / max(abs(scale.low), abs(scale.high)), 0, 1)
    strong = np.where(values < 0, 0.62 * scale.low, 0.62 * scale.high)
    opacity = share**OVERLAY_POWER * OVERLAY_OPACITY
    both = (opacity + (1 - opacity) * alone)[..., None]  # of the map's own colours laid over the strong ones
    own = np.divide(alone, both, out=np.zeros_like(both), where=both > 0)
    colours = colour(strong, scale) * (1 - own) + colour(values, scale) * own
    return np.concatenate([colours, 255 * both], -1).round().astype(np.uint8)


def greyed(picture: NDArray[np.uint8], amount: float) -> NDArray[np.uint8]:
    """A photo (H, W, 3) with less colour, so that a map over it is told from it. amount: 0-1, with 1 it is grey."""
    grey = picture @ LUMA
    return np.asarray((picture + (grey[..., None] - picture) * amount).round(), np.uint8)


def legend(scale: Scale, width: int = LEVELS) -> NDArray[np.uint8]:
    """The scale as a strip of colours, uint8 (1, width, 3), its low end on the left."""
    return colour(np.linspace(scale.low, scale.high, width), scale)[None]
