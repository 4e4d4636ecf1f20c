from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from convoscope.history import MOMENTS, open_history
from convoscope.kernels import as_colours, kernels
from convoscope.network import load

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


def test_in_colour_zero_is_grey_and_the_largest_weight_at_the_end() -> None:
    values = np.zeros((2, 3, 1, 2), np.float32)
    values[0, 0, 0, 0], values[1, 2, 0, 1] = 2, -1
    pictures = as_colours(values)
    assert pictures.shape == (2, 1, 2, 3)
    assert pictures[0, 0, 0].tolist() == [255, 128, 128]
    assert pictures[1, 0, 1].tolist() == [128, 128, 64]
    assert as_colours(np.zeros((1, 3, 1, 1), np.float32)).ravel().tolist() == [128, 128, 128]
