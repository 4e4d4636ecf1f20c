"""Whether maps of one photo point at the same places: by their strongest squares, for single pixels are noise in fine maps."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from convoscope.why.pixels import on_pixels

GRID = 8  # squares on a side, at most: a coarser map has its own cells
STRONGEST = 0.1  # share of the squares that are compared
ALIKE = 0.5  # share of these that two maps which agree have in common; of random ones it would be a tenth


@dataclass(frozen=True)
class Agreement:
    """grid: squares on a side. strongest: how many of each map are compared. shared: how many of them two maps share, by name.

    pooled: float64 (grid, grid), of each map the magnitudes in each square.
    """

    grid: int
    strongest: int
    shared: Mapping[tuple[str, str], int]
    pooled: Mapping[str, NDArray[np.float64]]

    @property
    def least(self) -> tuple[str, str]:
        """The two maps that are least alike."""
        return min(self.shared, key=self.shared.__getitem__)

    @property
    def most(self) -> tuple[str, str]:
        return max(self.shared, key=self.shared.__getitem__)

    @property
    def holds(self) -> bool:
        """Whether any two agree."""
        return self.shared[self.least] >= ALIKE * self.strongest


def agreement(maps: Mapping[str, NDArray[np.floating]]) -> Agreement:
    """maps: at least two, (H, W) each, over the same photo."""
    grid = min(GRID, *(min(values.shape) for values in maps.values()))
    strongest = max(1, round(STRONGEST * grid**2))
    pooled = {name: on_pixels(np.abs(values), grid) for name, values in maps.items()}
    tops = {name: set(np.argsort(-values, axis=None, kind="stable")[:strongest].tolist()) for name, values in pooled.items()}
    shared = {(one, other): len(tops[one] & tops[other]) for one, other in combinations(maps, 2)}
    return Agreement(grid, strongest, shared, pooled)
