"""`Photo`, crop and preprocessing → the numbers a network gets.

The one reader of a card's preprocessing: the app, training and measuring all come through here.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from convoscope.card import Preprocessing
from convoscope.photo import Photo

SPARE = 3  # Pillow calls it `reducing_gap`; on photos it changes a pixel by one level at most
RESAMPLE = {
    "nearest": Image.Resampling.NEAREST,
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


@dataclass(frozen=True)
class Crop:
    """A square of a photo, in pixels of `Photo.pixels`."""

    left: int
    top: int
    side: int


@dataclass(frozen=True)
class Prepared:
    """What a network gets, and the picture it is made of.

    tensor: float32 (1, C, S, S), (pixel / 255 − mean) / std for each channel.
    resized: uint8 (S, S, C), the very pixels the tensor is made of.
    """

    tensor: NDArray[np.float32]
    resized: NDArray[np.uint8]
    crop: Crop


def centre_crop(photo: Photo) -> Crop:
    """The largest square in the middle: how the training pictures were cut."""
    height, width = photo.shape
    side = min(height, width)
    return Crop((width - side) // 2, (height - side) // 2, side)


def fit_crop(crop: Crop, photo: Photo) -> Crop:
    """The nearest crop that lies inside the photo."""
    height, width = photo.shape
    side = max(1, min(crop.side, height, width))
    return Crop(max(0, min(crop.left, width - side)), max(0, min(crop.top, height - side)), side)


def prepare(photo: Photo, crop: Crop, preprocessing: Preprocessing) -> Prepared:
    """Cuts the crop out, resizes it to S × S, takes its luminance if the network has one channel, normalises.

    A large crop may come reduced to no less than `SPARE` × S, as the photo can be read faster at that size; not where single
    pixels are picked.
    """
    size = preprocessing.size
    most = 1 if preprocessing.resample == "nearest" else crop.side // (SPARE * size)
    picture, scale = photo.reduced(most)
    left, top, right, bottom = (edge / scale for edge in (crop.left, crop.top, crop.left + crop.side, crop.top + crop.side))
    within = (math.floor(left), math.floor(top), math.ceil(right), math.ceil(bottom))
    picture = picture.crop(within)
    if preprocessing.channels == "grey":
        picture = picture.convert("L")
    box = (left - within[0], top - within[1], right - within[0], bottom - within[1])
    resized = np.asarray(picture.resize((size, size), RESAMPLE[preprocessing.resample], box))
    if resized.ndim == 2:
        resized = resized[:, :, None]
    return Prepared(normalise(resized[None], preprocessing), resized, crop)


def normalise(pixels: NDArray[np.uint8], preprocessing: Preprocessing) -> NDArray[np.float32]:
    """uint8 (N, S, S, C) → float32 (N, C, S, S)."""
    mean = np.array(preprocessing.mean, np.float32)
    std = np.array(preprocessing.std, np.float32)
    scaled = (pixels.astype(np.float32) / 255 - mean) / std
    return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2))
