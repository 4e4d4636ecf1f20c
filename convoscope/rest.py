"""The terms of a sum that are too many to be shown one by one: the strongest are picked out, the rest is added up."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convoscope.arithmetic import Weighted

_AT_ONCE = 16  # maps that are multiplied at a time, which bounds the memory it takes


@dataclass(frozen=True)
class Rest:
    """What the other terms of each cell add up to. count: of them. sums, magnitudes: float64 (H, W), as those of the terms."""

    count: int
    sums: NDArray[np.float64]
    magnitudes: NDArray[np.float64]


def strongest(recipe: Weighted, most: int) -> tuple[NDArray[np.intp], Rest]:
    """The terms that add most over all cells together, as rising indices, and the rest of them."""
    by_size = np.argsort([-np.abs(each).sum() * np.abs(by).sum() for each, by in zip(recipe.maps, recipe.kernels, strict=True)])
    left = np.sort(by_size[most:])
    return np.sort(by_size[:most]), Rest(len(left), *_added_up(recipe, left))


def _added_up(recipe: Weighted, terms: NDArray[np.intp]) -> NDArray[np.float64]:
    """float64 (2, H, W): for each cell the sum of these terms, and of their magnitudes.

    First each map is multiplied with each entry of its kernel, all maps together; then the products are moved to where they
    belong.
    """
    if recipe.values.size == 1:
        numbers = [each for at, each in enumerate(recipe.at(0, 0).terms) if at in terms]
        return np.array([sum(each.subtotal for each in numbers), sum(each.magnitude for each in numbers)]).reshape(2, 1, 1)
    _, tall, wide = recipe.kernels.shape
    products = np.zeros((2, tall * wide, recipe.maps[0].size))
    for first in range(0, len(terms), _AT_ONCE):
        part = terms[first : first + _AT_ONCE]
        maps = recipe.maps[part].reshape(len(part), -1).astype(np.float64)
        kernels = recipe.kernels[part].reshape(len(part), -1).T
        products += kernels @ maps, np.abs(kernels) @ np.abs(maps)
    pads = [(axis.before, axis.after) for axis in (recipe.rows, recipe.columns)]
    padded = np.pad(products.reshape(2, tall, wide, *recipe.maps.shape[1:]), [(0, 0)] * 3 + pads)
    down, across = recipe.rows, recipe.columns
    height, width = recipe.values.shape
    answer = np.zeros((2, height, width))
    for y, x in np.ndindex(tall, wide):
        beneath = padded[:, y, x, y * down.dilation :: down.stride, x * across.dilation :: across.stride]
        answer += beneath[:, :height, :width]
    return answer
