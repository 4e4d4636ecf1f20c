"""The network's input changed on purpose: pushed aside, drowned in noise, or replaced by plain grey."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from convoscope.card import Preprocessing
from convoscope.firsts import Convolution
from convoscope.operations import convolve
from convoscope.prepare import Prepared, normalise
from convoscope.window import whole

_SEED = 0


def pushed(pixels: NDArray[np.uint8], right: int) -> NDArray[np.uint8]:
    """(H, W, C) moved by so many pixels, to the left if negative. The border is repeated where nothing comes in."""
    columns = np.arange(pixels.shape[1]) - right
    return pixels[:, columns.clip(0, pixels.shape[1] - 1)]


def drowned(pixels: NDArray[np.uint8], share: float) -> NDArray[np.uint8]:
    """(H, W, C) mixed with noise of all levels alike. share: of the noise, 0-1. The same noise each time."""
    grain = np.random.default_rng(_SEED).uniform(0, 255, pixels.shape)
    return ((1 - share) * pixels + share * grain).round().astype(np.uint8)


def fed(prepared: Prepared, pixels: NDArray[np.uint8], preprocessing: Preprocessing) -> Prepared:
    """What the network gets if it is given these pixels, uint8 (S, S, C), in place of the photo's."""
    return replace(prepared, tensor=normalise(pixels[None], preprocessing), resized=pixels)


def on_grey(first: Convolution, level: int, preprocessing: Preprocessing) -> NDArray[np.float64]:
    """float64 (N,): what each kernel answers where all its pixels have this level, 0-255."""
    height, width = first.kernels.shape[2:]
    patch = np.full((1, height, width, len(first.before)), level, np.uint8)
    return convolve(normalise(patch, preprocessing)[0], first.kernels, first.bias, whole(height, width))[:, 0, 0]
