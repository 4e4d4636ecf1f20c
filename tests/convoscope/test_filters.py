import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torch.nn import functional

from convoscope.filters import EXAMPLES, Slide, brightness, slide


@given(
    height=st.integers(1, 14),
    width=st.integers(1, 14),
    kernel=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    stride=st.integers(1, 4),
    padding=st.integers(0, 3),
    dilation=st.integers(1, 3),
    seed=st.integers(0, 1000),
)
def test_it_is_what_pytorch_calls_a_convolution(height, width, kernel, stride, padding, dilation, seed):
    rng = np.random.default_rng(seed)
    picture, weights = rng.integers(0, 256, (height, width), np.uint8), rng.normal(size=kernel)
    how = Slide(stride, padding, dilation)
    answer = slide(picture, weights, how)
    sizes = tuple(how.output_size(size, side) for size, side in zip((height, width), kernel, strict=True))
    assert answer.shape == sizes
    if any(size + 2 * padding < how.reach(side) for size, side in zip((height, width), kernel, strict=True)):
        assert answer.size == 0
        return
    expected = functional.conv2d(
        torch.from_numpy(picture.astype(np.float64))[None, None],
        torch.from_numpy(weights)[None, None],
        stride=stride,
        padding=padding,
        dilation=dilation,
    )
    np.testing.assert_allclose(answer, expected[0, 0].numpy(), rtol=1e-12, atol=1e-9)


def test_a_sum_that_a_person_can_check():
    picture = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]])
    assert slide(picture, np.array([[1.0, 0], [0, -1]]), Slide()).tolist() == [[-4, -4], [-4, -4]]


def test_the_formula_of_the_output_size():
    assert Slide(stride=2, padding=1, dilation=2).output_size(64, 5) == (64 + 2 * 1 - 2 * (5 - 1) - 1) // 2 + 1 == 29
    assert Slide(dilation=3).output_size(9, 5) == 0


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_the_examples_do_what_they_say(example):
    even = slide(np.full((5, 5), 100), example.kernel, Slide())
    edges = {"upright edge": np.tile([0, 0, 0, 200, 200], (5, 1)), "level edge": np.tile([[0], [0], [0], [200], [200]], (1, 5))}
    if example.name in edges:
        assert slide(edges[example.name], example.kernel, Slide()).max() == 800
        assert slide(200 - edges[example.name], example.kernel, Slide()).min() == -800
        assert not even.any()
    else:  # blur, sharpen and emboss leave an even picture as it is
        np.testing.assert_allclose(even, 100)


def test_brightness_is_pillows_within_rounding():
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    assert np.abs(brightness(pixels).astype(int) - np.asarray(Image.fromarray(pixels).convert("L")).astype(int)).max() <= 1
    assert brightness(pixels[:, :, :1]).tolist() == pixels[:, :, 0].tolist()
