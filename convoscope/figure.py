"""A picture to take along, that can be understood by itself: panels in a row, their scales with numbers, lines of text."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from convoscope.cached import cached_property
from convoscope.render import Scale, legend
from convoscope.words import number

MARGIN, GAP = 16, 20  # pixels
BAR = 12  # pixels, height of a scale
TEXT, SMALL = 17, 14  # pixels, sizes of type
LINE = 1.4  # from line to line, in sizes of type
NARROWEST = 480  # pixels, for the text's sake
INK, EDGE, PAPER = "#1a1a1a", "#a8a8a8", "#ffffff"
_SIGNS = str.maketrans({"−": "-", "–": "-", "×": "x", "\N{NO-BREAK SPACE}": " ", "’": "'"})  # Pillow's own font lacks these


@dataclass(frozen=True)
class Panel:
    """picture: uint8 (H, W, 3). scale: which values its colours stand for, in `unit`; None if they are those of a photo."""

    picture: NDArray[np.uint8]
    title: str = ""
    scale: Scale | None = None
    unit: str = ""

    @property
    def width(self) -> int:
        return int(self.picture.shape[1])


def figure(panels: Sequence[Panel], lines: Sequence[str]) -> NDArray[np.uint8]:
    """Panels from left to right, their tops in a line, and lines of text below: uint8 (H, W, 3)."""
    columns = [_Column(panel) for panel in panels]
    width = max(sum(panel.width + GAP for panel in panels) - GAP, NARROWEST)
    text = [row for line in lines for row in _wrapped(line, width, TEXT)]
    top = MARGIN + max(_text_height(column.title, TEXT) for column in columns)
    bottom = top + max(column.height for column in columns) + GAP
    sheet = Image.new("RGB", (width + 2 * MARGIN, bottom + _text_height(text, TEXT) + MARGIN), PAPER)
    pen = ImageDraw.Draw(sheet)
    left = MARGIN
    for column in columns:
        column.draw(sheet, pen, left, top)
        left += column.panel.width + GAP
    _write(pen, (MARGIN, bottom), text, TEXT)
    return np.asarray(sheet)


def typed(text: str) -> str:
    """What can be written of it with the letters at hand: accents are left out, other alphabets become question marks."""
    plain = unicodedata.normalize("NFKD", text.translate(_SIGNS))
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).encode("ascii", "replace").decode()


@dataclass(frozen=True)
class _Column:
    """A panel with its words, each row as wide as it at most."""

    panel: Panel

    @cached_property
    def title(self) -> list[str]:
        return list(_wrapped(self.panel.title, self.panel.width, TEXT))

    @cached_property
    def unit(self) -> list[str]:
        return list(_wrapped(self.panel.unit, self.panel.width, SMALL))

    @property
    def height(self) -> int:
        """Without the title, which stands above."""
        scale = 0 if self.panel.scale is None else 2 * BAR + round(SMALL * LINE) + _text_height(self.unit, SMALL)
        return len(self.panel.picture) + scale

    def draw(self, sheet: Image.Image, pen: ImageDraw.ImageDraw, left: int, top: int) -> None:
        """The picture at this place, its title above, its scale below."""
        width, height = self.panel.width, len(self.panel.picture)
        _write(pen, (left, top - _text_height(self.title, TEXT)), self.title, TEXT)
        sheet.paste(Image.fromarray(self.panel.picture), (left, top))
        pen.rectangle((left - 1, top - 1, left + width, top + height), outline=EDGE)
        if self.panel.scale is None:
            return
        bar = top + height + BAR // 2
        sheet.paste(Image.fromarray(legend(self.panel.scale)).resize((width, BAR)), (left, bar))
        pen.rectangle((left - 1, bar - 1, left + width, bar + BAR), outline=EDGE)
        numbers = top + height + 2 * BAR - 2
        ticks = [typed(number(tick)) for tick in self.panel.scale.ticks]
        for share, tick in zip(np.linspace(0, 1, len(ticks)), ticks, strict=True):
            free = width - _font(SMALL).getlength(tick)
            pen.text((left + round(share * free), numbers), tick, INK, _font(SMALL))
        _write(pen, (left, numbers + round(SMALL * LINE)), self.unit, SMALL)


def _wrapped(text: str, width: int, size: int) -> Iterator[str]:
    """Rows of what can be written of a text. size: of the type."""
    row = ""
    for word in typed(text).split():
        longer = f"{row} {word}".lstrip()
        if row and _font(size).getlength(longer) > width:
            yield row
            row = word
        else:
            row = longer
    if row:
        yield row


def _write(pen: ImageDraw.ImageDraw, at: tuple[int, int], rows: Sequence[str], size: int) -> None:
    for place, row in enumerate(rows):
        pen.text((at[0], at[1] + round(place * size * LINE)), row, INK, _font(size))


def _text_height(rows: Sequence[str], size: int) -> int:
    return round(len(rows) * size * LINE)


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
