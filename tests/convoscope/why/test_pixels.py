import numpy as np
import pytest

from convoscope.why.pixels import on_pixels
from tests.graphs import noise


@pytest.mark.parametrize(("cells", "side"), [(8, 64), (4, 9), (5, 3), (7, 7), (1, 6)])
def test_the_sum_stays(cells: int, side: int) -> None:
    values = noise((cells, cells))
    found = on_pixels(values, side)
    assert found.shape == (side, side)
    assert found.sum() == pytest.approx(values.sum(), abs=1e-5)


def test_a_cell_lies_on_the_pixels_that_it_covers() -> None:
    np.testing.assert_allclose(
        on_pixels(np.array([[4.0, 8.0], [0.0, 16.0]]), 4), np.repeat(np.repeat([[1, 2], [0, 4]], 2, 0), 2, 1)
    )
    np.testing.assert_allclose(on_pixels(np.diag([9.0, 0.0]), 3)[0], [4, 2, 0])  # the pixel in the middle has half of each
    np.testing.assert_array_equal(on_pixels(np.eye(3), 3), np.eye(3))
