"""Files taken apart: what a decoder needs for the first picture, and nothing else.

Text, previews, further frames and pages are left out before a decoder sees the file, so they cannot cost anything. Sizes come
from the headers. Each module takes the bytes of one format and raises one of `FAILURES` if they are damaged, or PhotoError if
they are of a kind that is not read.
"""

import struct
import zlib
from dataclasses import dataclass

from convoscope.decoding.samples import Samples

FAILURES = (  # what Python, Pillow and pillow-heif raise on damaged files, each seen on real ones
    OSError,
    ValueError,
    SyntaxError,
    RuntimeError,
    AssertionError,
    EOFError,
    LookupError,
    TypeError,
    ArithmeticError,
    MemoryError,
    struct.error,
    zlib.error,
)
FIRST_FRAME = "first frame of an animation"
MOST_PROFILE = 8_000_000  # bytes of a colour profile; larger ones are ignored


@dataclass(frozen=True)
class Contents:
    """The first picture of a file.

    data: a file for the decoder. width, height: in pixels, as stored. memory: bytes that decoding takes for each pixel.
    one_pass: the decoder can reduce while it reads. orientation: EXIF's number, 1 is upright. profile: ICC.
    notes: what a visitor should know, in words. samples: what the decoder's bytes are, if they are not levels yet.
    """

    data: bytes
    width: int
    height: int
    memory: float
    one_pass: bool = False
    orientation: int = 1
    profile: bytes | None = None
    notes: tuple[str, ...] = ()
    samples: Samples | None = None
