import numpy as np
import pytest

from convoscope.drawings import CLASSES, draw


def drawn(name: str, seed: int, size: int = 32, noise: float = 0.06) -> np.ndarray:
    return draw(name, size, np.random.default_rng(seed), noise)


@pytest.mark.parametrize("name", CLASSES)
def test_a_seed_gives_one_drawing(name: str) -> None:
    np.testing.assert_array_equal(drawn(name, 3), drawn(name, 3))
    assert (drawn(name, 3) != drawn(name, 4)).any()


@pytest.mark.parametrize("size", [16, 32, 256])
@pytest.mark.parametrize("name", CLASSES)
def test_a_drawing_is_dark_on_light(name: str, size: int) -> None:
    for seed in range(10):
        picture = drawn(name, seed, size, noise=0)
        assert picture.shape == (size, size)
        assert picture.dtype == np.uint8
        paper = picture[0].max()
        assert paper >= 190
        assert picture.min() <= 120
        ink = (picture < (int(paper) + int(picture.min())) / 2).mean()
        assert 0.01 < ink < 0.4


@pytest.mark.parametrize("name", CLASSES)
def test_a_drawing_may_touch_the_edge_but_is_not_cut_off(name: str) -> None:
    for seed in range(50):
        picture = drawn(name, seed, noise=0)
        ink = picture < (int(picture.max()) + int(picture.min())) / 2
        edges = np.concatenate([ink[0], ink[-1], ink[:, 0], ink[:, -1]])
        assert edges.mean() < 0.15


def test_noise_is_what_is_asked_for() -> None:
    clean, grainy = drawn("line", 0, 64, noise=0), drawn("line", 0, 64, noise=0.2)
    assert len(np.unique(clean[:5])) < len(np.unique(grainy[:5]))
    assert 0 < np.std(grainy.astype(float) - clean) <= 0.2 * 255


def test_a_circle_has_a_hole_and_a_line_has_none() -> None:
    """The paper inside a closed shape cannot be reached from the corner."""
    assert enclosed(drawn("circle", 1, 64, noise=0)) > 100
    assert enclosed(drawn("line", 1, 64, noise=0)) == 0
    assert enclosed(drawn("cross", 1, 64, noise=0)) == 0


def enclosed(picture: np.ndarray) -> int:
    """How many pixels of paper are walled in by ink."""
    paper = picture > (int(picture.max()) + int(picture.min())) / 2
    reached = np.zeros_like(paper)
    reached[0, 0] = paper[0, 0]
    while True:
        spread = reached.copy()
        for axis in (0, 1):
            for step in (1, -1):
                spread |= np.roll(reached, step, axis)
        spread &= paper
        if (spread == reached).all():
            return int((paper & ~reached).sum())
        reached = spread
