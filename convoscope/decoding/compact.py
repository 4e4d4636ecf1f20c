"""A picture ↔ the JPEG file that is kept of it."""

import io
import os
from typing import IO

from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

QUALITY = 90  # by eye no different from the picture; 0.15 MB of 800 × 600 pixels
REDUCTIONS = (1, 2, 4, 8)
COLOURS_IN_FULL = 0  # halved, as is usual, they cost small squares of a photo their answer


def compact(picture: Image.Image) -> bytes:
    """picture: of mode RGB. The same picture gives the same bytes."""
    with _file_in_memory() as file:
        picture.save(file, "JPEG", quality=QUALITY, subsampling=COLOURS_IN_FULL)
        file.seek(0)
        return file.read()


def expanded(file: bytes, reduction: int = 1) -> Image.Image:
    """Mode RGB; decoded when its pixels are first asked for. file: as `compact` makes it.

    reduction: one of `REDUCTIONS`, by which the decoder makes both sides smaller; the more, the sooner it is done.
    """
    picture = JpegImageFile(io.BytesIO(file))
    if reduction > 1:
        picture.draft(None, (picture.width // reduction, picture.height // reduction))
    return picture


def _file_in_memory() -> IO[bytes]:
    """Of the system, where it has such: Pillow lets other threads go on while it writes to one, but not to Python's."""
    return os.fdopen(os.memfd_create("photo"), "w+b") if hasattr(os, "memfd_create") else io.BytesIO()
