"""The picture in most of the files, and one whole file of it in every format that is read."""

import io
from functools import cache
from typing import Any

import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image

FINE: dict[str, Any] = {"quality": 95, "subsampling": 0}
AVIF_FINE: dict[str, Any] = {"quality": 95, "subsampling": "4:4:4", "speed": 10}


def scene(height: int = 30, width: int = 40) -> NDArray[np.uint8]:
    """uint8 (H, W, 3): smooth, so that lossy formats stay close; another colour in every corner, so that no turn is missed."""
    down, across = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    return (np.stack([down, across, 1 - down * across], 2) * 255).round().astype(np.uint8)


def ramp(height: int = 30, width: int = 40) -> NDArray[np.float64]:
    """(H, W), from 0 at the top left to 1 at the bottom right."""
    return np.linspace(0, 1, height * width).reshape(height, width)


def over_white(colour: NDArray[Any], alpha: NDArray[Any]) -> NDArray[np.float64]:
    """colour (H, W, 3), alpha (H, W), both 0-255."""
    share = alpha[..., None] / 255
    return colour * share + 255 * (1 - share)


def encode(pixels: NDArray[Any] | Image.Image, format: str, **options: Any) -> bytes:
    """By Pillow; HEIC by libheif."""
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    file = io.BytesIO()
    if format == "HEIC":
        pillow_heif.from_pillow(image).save(file, **{"quality": 90, "chroma": 444} | options)
    else:
        image.save(file, format, **options)
    return file.getvalue()


@cache
def whole(kind: str) -> bytes:
    """A small undamaged file, 40 × 30."""
    options: dict[str, Any] = {
        "JPEG": FINE,
        "progressive JPEG": FINE | {"progressive": True},
        "MPO": FINE | {"save_all": True, "append_images": [Image.fromarray(scene()[::-1])]},
        "WebP": {"quality": 95},
        "lossless WebP": {"lossless": True},
        "AVIF": AVIF_FINE,
    }.get(kind, {})
    picture = Image.fromarray(scene())
    format = {"progressive JPEG": "JPEG", "WebP": "WEBP", "lossless WebP": "WEBP"}.get(kind, kind)
    return encode(picture.quantize(256) if kind == "GIF" else picture, format, **options)


# kind of file → (the format's name on the page, how far a value of the scene may be off)
KINDS = {
    "JPEG": ("JPEG", 6),
    "progressive JPEG": ("JPEG", 6),
    "MPO": ("JPEG", 6),
    "PNG": ("PNG", 0),
    "WebP": ("WebP", 16),
    "lossless WebP": ("WebP", 0),
    "GIF": ("GIF", 24),
    "BMP": ("BMP", 0),
    "TIFF": ("TIFF", 0),
    "AVIF": ("AVIF", 12),
    "HEIC": ("HEIC", 12),
}
