import numpy as np

from convoscope.strength import peaks, responding, strongest_first

MAPS = np.zeros((4, 3, 3))
MAPS[0, 1, 1], MAPS[1], MAPS[2, 0, 0] = 2, -1, 1e-7


def test_a_map_is_as_strong_as_its_largest_value() -> None:
    assert peaks(MAPS).tolist() == [2, -1, 1e-7, 0]


def test_the_strongest_comes_first_and_equals_by_number() -> None:
    assert strongest_first(MAPS).tolist() == [0, 2, 3, 1]
    assert strongest_first(np.ones((3, 2, 2))).tolist() == [0, 1, 2]


def test_a_map_responds_if_one_of_its_cells_does() -> None:
    assert responding(MAPS) == 1
