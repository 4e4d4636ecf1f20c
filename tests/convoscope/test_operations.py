import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from convoscope.operations import average, convolve, max_pool, relu
from convoscope.window import Axis

MAPS = np.random.default_rng(1).normal(size=(3, 11, 9))
SIDES = st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(1, 2), st.integers(0, 2), st.integers(0, 2))


@given(down=SIDES, across=SIDES, seed=st.integers(0, 100))
def test_a_convolution_is_pytorchs(down, across, seed):
    rng = np.random.default_rng(seed)
    window = tuple(Axis(size, *sides) for size, sides in zip(MAPS.shape[1:], (down, across), strict=True))
    kernels, bias = rng.normal(size=(2, 3, down[0], across[0])), rng.normal(size=2)
    padded = functional.pad(torch.from_numpy(MAPS), (across[3], across[4], down[3], down[4]))
    expected = functional.conv2d(
        padded[None], torch.from_numpy(kernels), torch.from_numpy(bias), (down[1], across[1]), dilation=(down[2], across[2])
    )
    np.testing.assert_allclose(convolve(MAPS, kernels, bias, window), expected[0].numpy(), rtol=1e-9, atol=1e-12)


@given(size=st.integers(2, 4), stride=st.integers(1, 3), padding=st.integers(0, 1), dilation=st.integers(1, 2))
def test_max_pooling_is_pytorchs(size, stride, padding, dilation):
    expected = functional.max_pool2d(torch.from_numpy(MAPS)[None], size, stride, padding, dilation)[0].numpy()
    height, width = (Axis(side, size, stride, dilation, padding, padding) for side in MAPS.shape[1:])
    assert (max_pool(MAPS, (height, width), expected.shape[1:]) == expected).all()


def test_relu_and_average_by_hand():
    values = np.array([[[-2.0, 0.5], [3.0, -0.1]]], np.float32)
    assert relu(values).tolist() == [[[0, 0.5], [3, 0]]]
    assert average(np.array([[[1.0, 2], [3, 6]]])).tolist() == [3]
