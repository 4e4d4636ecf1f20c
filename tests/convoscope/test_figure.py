"""Pictures to take along: what is drawn where, and that it can be written."""

import string

import numpy as np
import pytest
from PIL import ImageFont

from convoscope.figure import BAR, GAP, MARGIN, NARROWEST, Panel, figure, typed
from convoscope.render import Scale, legend

RED = np.full((100, 300, 3), (255, 0, 0), np.uint8)


def columns_with_ink(rows: np.ndarray) -> int:
    return int((rows < 128).all(2).any(0).sum())


def test_panels_stand_in_a_row_and_the_lines_below() -> None:
    drawn = figure([Panel(RED), Panel(RED[:50])], ["one line"])
    assert drawn.shape[1] == 2 * MARGIN + 300 + GAP + 300
    np.testing.assert_array_equal(drawn[MARGIN : MARGIN + 100, MARGIN : MARGIN + 300], RED)
    np.testing.assert_array_equal(drawn[MARGIN : MARGIN + 50, MARGIN + 300 + GAP :][:, :300], RED[:50])
    below = drawn[MARGIN + 100 :]
    assert columns_with_ink(below) > 20
    assert (drawn[: MARGIN - 1] == 255).all()
    assert (drawn[:, : MARGIN - 1] == 255).all()


def test_a_scale_has_its_colours_and_its_numbers() -> None:
    scale = Scale("evidence", -2, 2)
    drawn = figure([Panel(RED, "a title", scale, "of the logit")], [])
    top = next(row for row in range(len(drawn)) if tuple(drawn[row, MARGIN]) == (255, 0, 0))
    assert columns_with_ink(drawn[:top, :]) > 20  # the title
    bar = drawn[top + 100 + BAR, MARGIN : MARGIN + 300]
    expected = legend(scale, 300)[0]
    assert np.abs(bar[2:-2].astype(int) - expected[2:-2]).max() <= 12
    numbers = drawn[top + 100 + 2 * BAR - 2 :][:18, MARGIN:]
    for left, right in ((0, 40), (130, 170), (270, 300)):
        assert columns_with_ink(numbers[:, left:right]) > 3


def test_a_title_that_is_longer_than_its_panel_is_wrapped() -> None:
    one, two = (figure([Panel(RED, title), Panel(RED)], []) for title in ("short", "a title that is much longer than 300 pixels"))
    assert len(two) > len(one)
    assert (two[:, MARGIN + 300 + 1 : MARGIN + 300 + GAP - 1] == 255).all()


def test_long_lines_are_wrapped_and_none_is_cut() -> None:
    short, long = (figure([Panel(RED)], [" ".join(["words"] * count)]) for count in (5, 100))
    assert short.shape[1] == long.shape[1] == NARROWEST + 2 * MARGIN
    assert len(long) > len(short) + 100
    assert (long[:, -MARGIN:] == 255).all()
    assert (long[-MARGIN:] == 255).all()


@pytest.mark.parametrize(
    ("text", "written"),
    [("−0.5 … 3 × 4", "-0.5 ... 3 x 4"), ("café", "cafe"), ("28.1\N{NO-BREAK SPACE}%", "28.1 %"), ("猫?", "??")],
)
def test_what_the_letters_lack_is_written_otherwise(text: str, written: str) -> None:
    assert typed(text) == written


def test_every_letter_that_is_typed_has_a_shape() -> None:
    font = ImageFont.load_default(17)
    lacking = bytes(font.getmask("\N{SNOWMAN}"))
    for letter in string.printable.strip():
        assert bytes(font.getmask(letter)) != lacking, letter
