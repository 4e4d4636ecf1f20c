from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from convoscope.history import MOMENTS, open_history
from convoscope.kernels import BINS, NEAR_ZERO, as_colours, entering, histogram, kernels, near_zero, norms
from convoscope.network import load
from tests.convoscope.zoo import ZOO

SHAPES = Path(__file__).parents[2] / "models" / "shapes"


def test_kernels_are_the_graphs_weights_and_a_dense_layer_has_none() -> None:
    network = load(SHAPES)
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load(SHAPES / "model.onnx").graph.initializer}
    for layer in network.layers[:3]:
        found = kernels(network, layer)
        assert found is not None
        np.testing.assert_array_equal(found, stored[f"{layer.name}.weight"])
    assert kernels(network, network.layers[3]) is None


def test_at_a_moment_of_training_they_are_that_moments() -> None:
    network = load(SHAPES)
    history = open_history(SHAPES, network)
    assert history
    found = kernels(history.at(10), network.layers[1])
    assert found is not None
    with np.load(SHAPES / MOMENTS / "10.npz") as kept:
        np.testing.assert_array_equal(found, kept["conv2.weight"].astype(np.float32))


def test_in_colour_zero_is_grey_and_each_kernels_largest_weight_at_the_end() -> None:
    values = np.zeros((2, 3, 1, 2), np.float32)
    values[0, 0, 0, 0], values[1, 2, 0, 1] = 2, -1
    pictures = as_colours(values)
    assert pictures.shape == (2, 1, 2, 3)
    assert pictures[0, 0, 0].tolist() == [255, 128, 128]
    assert pictures[1, 0, 1].tolist() == [128, 128, 0]
    assert as_colours(np.zeros((1, 3, 1, 1), np.float32)).ravel().tolist() == [128, 128, 128]


def test_a_channel_looks_at_all_inputs_or_at_those_of_its_group(tmp_path: Path) -> None:
    network = ZOO["strided"].load(tmp_path)
    second, grouped = network.layers[1:3]
    assert entering(network, second, 5).tolist() == [0, 1, 2, 3]
    assert [entering(network, grouped, channel).tolist() for channel in (0, 2, 3, 8)] == [[0, 1], [0, 1], [2, 3], [4, 5]]


def test_norms_are_the_roots_of_sums_of_squares() -> None:
    values = np.random.default_rng(0).normal(size=(4, 3, 2, 2)).astype(np.float32)
    np.testing.assert_allclose(norms(values), [np.linalg.norm(each) for each in values], rtol=1e-6)


def test_near_zero_is_meant_against_the_largest_weight() -> None:
    peak = 2.0
    values = np.array([peak, -0.99 * NEAR_ZERO * peak, 1.01 * NEAR_ZERO * peak, 0], np.float32)
    assert near_zero(values).tolist() == [False, True, False, True]


def test_a_histogram_counts_every_weight_once_around_zero() -> None:
    values = np.array([-1, -1, 0, 0.5], np.float32)
    found = histogram(values)
    assert found.shares.sum() == 1
    assert found.shares[[0, BINS // 2, -1]].tolist() == [0.5, 0.25, 0]
    assert abs(found.centres[BINS // 2]) < 1e-12
    np.testing.assert_allclose(found.centres, -found.centres[::-1], atol=1e-12)
    assert histogram(np.zeros(3, np.float32)).shares[BINS // 2] == 1
