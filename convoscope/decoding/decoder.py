"""What a container holds → a raster, by Pillow's decoders and libheif; the only place that knows either."""

import io
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from PIL import Image, ImageFile
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from convoscope.decoding import raster
from convoscope.decoding.containers import FAILURES, MOST_PROFILE, Contents, tags
from convoscope.decoding.raster import Raster
from convoscope.decoding.refusal import rare

_PLUGINS: dict[str, type[ImageFile.ImageFile]] = {
    "JPEG": JpegImageFile,
    "PNG": PngImageFile,
    "GIF": GifImageFile,
    "WebP": WebPImageFile,
    "BMP": BmpImageFile,
    "TIFF": TiffImageFile,
    "AVIF": AvifImageFile,
}

Image.MAX_IMAGE_PIXELS = None  # sizes are checked before; Pillow's one limit does not know which formats cost how much


def decode(format: str, contents: Contents, longest: int) -> tuple[Contents, Raster]:
    """The pixels, and the contents with what only the decoder knows. A decoder that can reduce keeps at least `longest`."""
    if format == "HEIC":
        return _heic(contents)
    image = _opened(format, contents)
    if format == "JPEG":
        shrink = min(1, longest / max(image.size))
        image.draft(None, (max(1, round(image.width * shrink)), max(1, round(image.height * shrink))))
    if format == "AVIF":
        contents = _with_info(contents, image)
    image.load()
    return contents, raster.of_samples(image, contents.samples) if contents.samples else raster.of_image(image)


def _opened(format: str, contents: Contents) -> ImageFile.ImageFile:
    try:
        return _PLUGINS[format](io.BytesIO(contents.data))
    except FAILURES as failure:
        if format == "TIFF":  # its list of tags is sound, so it is of a kind that Pillow does not know
            raise rare(format) from failure
        raise


def _with_info(contents: Contents, image: ImageFile.ImageFile) -> Contents:
    """Of an AVIF file. Its orientation is that of its boxes; Pillow puts it into the EXIF data."""
    return replace(
        contents,
        width=image.width,
        height=image.height,
        orientation=tags.orientation(image.info.get("exif", b"")),
        profile=_profile(image.info),
    )


def _heic(contents: Contents) -> tuple[Contents, Raster]:
    """libheif turns the picture upright itself, whatever the EXIF data say."""
    import pillow_heif  # takes 20 ms, and most visitors have no such file

    heif = pillow_heif.open_heif(io.BytesIO(contents.data))
    rows, (width, height), depth = heif.data, heif.size, heif.info["bit_depth"]
    notes = (f"{depth} bit turned into 8",) if depth > 8 else ()
    contents = replace(contents, width=width, height=height, profile=_profile(heif.info), notes=notes)
    return contents, raster.of_rows(heif.mode, heif.size, rows, heif.stride)


def _profile(info: Mapping[Any, Any]) -> bytes | None:
    profile = info.get("icc_profile")
    return profile if profile and len(profile) <= MOST_PROFILE else None
