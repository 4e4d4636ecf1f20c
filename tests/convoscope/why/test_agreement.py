import numpy as np
import pytest

from convoscope.why.agreement import agreement
from tests.graphs import noise


def blob(row: int, column: int, side: int = 64) -> np.ndarray:
    """A map that is strong around one place."""
    y, x = np.mgrid[:side, :side]
    return np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * (side / 10) ** 2))


def test_two_noisy_maps_of_the_same_place_agree_though_their_largest_pixels_do_not() -> None:
    one, other = (blob(20, 40) * np.abs(noise((64, 64), seed)) for seed in (0, 1))
    one[60, 2] = other[2, 60] = 9 * one.max()
    found = agreement({"one": one, "other": other})
    assert one.argmax() != other.argmax()
    assert found.holds
    assert (found.grid, found.strongest) == (8, 6)


def test_maps_of_different_places_do_not_agree() -> None:
    maps = {"one": blob(10, 10), "again": blob(12, 10), "far": blob(50, 50)}
    found = agreement(maps)
    assert not found.holds
    assert found.most == ("one", "again")
    assert "far" in found.least
    assert found.shared[found.least] == 0


def test_what_speaks_against_counts_as_much_as_what_speaks_for() -> None:
    assert agreement({"one": blob(10, 10), "other": -blob(10, 10)}).shared == {("one", "other"): 6}


@pytest.mark.parametrize(("side", "grid"), [(4, 4), (9, 8), (64, 8)])
def test_the_grid_is_that_of_the_coarser_map(side: int, grid: int) -> None:
    coarse = blob(side // 4, side // 4, side)
    found = agreement({"fine": blob(16, 16), "coarse": coarse})
    assert found.grid == grid
    assert found.pooled["fine"].shape == found.pooled["coarse"].shape == (grid, grid)
    assert found.pooled["coarse"].sum() == pytest.approx(coarse.sum())
    assert found.holds
