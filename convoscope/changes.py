"""What can happen to a picture: blur, noise, darkness, a turn, strong compression. Each with a strength that has a unit."""

import io
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Pixels = NDArray[np.uint8]  # (H, W, C), C is 1 or 3


@dataclass(frozen=True)
class Change:
    """apply: pixels and a strength → pixels of the same shape. strengths: those measured, from hardly any on."""

    name: str
    unit: str
    strengths: tuple[float, ...]
    apply: Callable[[Pixels, float], Pixels]


def blur(pixels: Pixels, sigma: float) -> Pixels:
    """sigma: standard deviation of the Gaussian, in pixels."""
    return _pixels(_image(pixels).filter(ImageFilter.GaussianBlur(sigma)))


def noise(pixels: Pixels, deviation: float) -> Pixels:
    """deviation: standard deviation of the normal noise, on the scale of 0-255. The same picture gets the same noise."""
    grain = np.random.default_rng(zlib.crc32(pixels.tobytes())).normal(0, deviation, pixels.shape)
    return (pixels + grain).round().clip(0, 255).astype(np.uint8)


def darken(pixels: Pixels, lost: float) -> Pixels:
    """lost: share of the light that is gone, 0-1."""
    return (pixels * (1 - lost)).round().astype(np.uint8)


def rotate(pixels: Pixels, degrees: float) -> Pixels:
    """degrees: counter-clockwise. The corners that come free take the picture's mean colour."""
    mean = tuple(int(level) for level in pixels.mean((0, 1)).round())
    return _pixels(_image(pixels).rotate(degrees, Image.Resampling.BICUBIC, fillcolor=mean if len(mean) > 1 else mean[0]))


def compress(pixels: Pixels, coarseness: float) -> Pixels:
    """coarseness: 100 minus the quality of the JPEG file, 0-99."""
    file = io.BytesIO()
    _image(pixels).save(file, "JPEG", quality=round(100 - coarseness))
    with Image.open(file) as decoded:
        return _pixels(decoded)


CHANGES = (
    Change("blur", "standard deviation in pixels", (0, 0.5, 1, 1.5, 2, 3), blur),
    Change("noise", "standard deviation, of 255", (0, 10, 20, 40, 60, 80), noise),
    Change("darkness", "share of the light lost", (0, 0.25, 0.5, 0.7, 0.85, 0.95), darken),
    Change("rotation", "degrees", (0, 10, 20, 30, 45, 90, 180), rotate),
    Change("JPEG compression", "100 minus the quality", (5, 50, 70, 80, 90, 95), compress),
)


def _image(pixels: Pixels) -> Image.Image:
    return Image.fromarray(pixels.squeeze(2) if pixels.shape[2] == 1 else pixels)


def _pixels(image: Image.Image) -> Pixels:
    pixels = np.array(image)
    return pixels if pixels.ndim == 3 else pixels[..., None]
