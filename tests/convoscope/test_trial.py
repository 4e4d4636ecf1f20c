import numpy as np
import pytest

from convoscope.firsts import first_convolution
from convoscope.network import Network
from convoscope.prepare import Prepared
from convoscope.trial import drowned, fed, on_grey, pushed
from tests import shipped
from tests.graphs import prepared


@pytest.fixture(scope="module")
def given() -> tuple[Network, Prepared]:
    network = shipped.network("photo")
    return network, prepared(network.card.preprocessing)


def test_pushed_pixels_keep_their_order_and_the_border_is_repeated() -> None:
    row = np.arange(5, dtype=np.uint8).reshape(1, 5, 1)
    assert pushed(row, 2).ravel().tolist() == [0, 0, 0, 1, 2]
    assert pushed(row, -1).ravel().tolist() == [1, 2, 3, 4, 4]
    assert pushed(row, 0).ravel().tolist() == [0, 1, 2, 3, 4]


def test_noise_goes_from_none_of_it_to_nothing_else(given: tuple[Network, Prepared]) -> None:
    pixels = given[1].resized
    assert np.array_equal(drowned(pixels, 0), pixels)
    assert np.array_equal(drowned(pixels, 1), drowned(255 - pixels, 1))
    half = drowned(pixels, 0.5).astype(int)
    assert np.abs(half - (pixels.astype(int) + drowned(pixels, 1)) / 2).max() <= 1


def test_the_same_pixels_give_the_same_answer_and_a_push_moves_the_first_maps_with_it(given: tuple[Network, Prepared]) -> None:
    network, made = given
    same = fed(made, made.resized, network.card.preprocessing)
    assert np.array_equal(same.tensor, made.tensor)
    maps = network.trace(made).activations[0].values
    aside = network.trace(fed(made, pushed(made.resized, 6), network.card.preprocessing)).activations[0].values
    np.testing.assert_allclose(aside[:, :, 7:-1], maps[:, :, 1:-7], atol=1e-5)


def test_a_kernel_on_grey_answers_as_in_the_middle_of_a_grey_picture(given: tuple[Network, Prepared]) -> None:
    network, made = given
    grey = fed(made, np.full_like(made.resized, 77), network.card.preprocessing)
    trace = network.trace(grey)
    first = first_convolution(network, grey, trace)
    assert first
    np.testing.assert_allclose(on_grey(first, 77, network.card.preprocessing), first.after[:, 30, 30], atol=1e-5)
