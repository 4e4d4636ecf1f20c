"""Every odd file of the table, and whatever else may be done to a file."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convoscope.photo import LONGEST_SIDE, Photo, PhotoError, read
from tests.badfiles import FILES
from tests.badfiles.record import BadFile, Shown
from tests.badfiles.scene import KINDS, whole
from tests.examples import examples


def test_there_are_enough_of_both() -> None:
    shown = [file for file in FILES if isinstance(file.expected, Shown)]
    assert len({file.name for file in FILES}) == len(FILES) >= 250
    assert len(shown) >= 100
    assert len(FILES) - len(shown) >= 100


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_an_odd_file_gets_what_a_visitor_must_get(file: BadFile) -> None:
    if isinstance(file.expected, Shown):
        assert_shown(read(file.data), file.expected)
    else:
        with pytest.raises(PhotoError) as refusal:
            read(file.data)
        assert str(refusal.value) == file.expected


def assert_shown(photo: Photo, expected: Shown) -> None:
    assert_valid(photo)
    assert (photo.format, photo.width, photo.height) == (expected.format, expected.width, expected.height)
    gaps = np.abs(photo.pixels - np.broadcast_to(expected.like, photo.pixels.shape))
    assert np.nanmax(gaps, initial=0) <= expected.within


def assert_valid(photo: Photo) -> None:
    height, width, channels = photo.pixels.shape
    assert channels == 3
    assert photo.pixels.dtype == np.uint8
    assert not photo.pixels.flags.writeable
    assert 0 < min(height, width) <= max(height, width) <= LONGEST_SIDE
    assert photo.width >= 1 <= photo.height


# ---- whatever is done to a file


Change = Callable[[bytes], bytes]
NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)


@st.composite
def changes(draw: st.DrawFn, size: int) -> Change:
    """One change to a file of `size` bytes, most often near its start, where headers are."""
    reach = draw(st.sampled_from([min(64, size), min(400, size), size]))
    at = draw(st.integers(0, reach))
    length = draw(st.sampled_from([1, 1, 2, 4, 8, 40]))
    what = draw(st.sampled_from(["flip", "insert", "delete", "double", "truncate", "number"]))
    if what == "flip":
        bit = draw(st.integers(0, 7))
        return lambda data: data[:at] + bytes(byte ^ 1 << bit for byte in data[at : at + 1]) + data[at + 1 :]
    if what == "insert":
        more = draw(st.binary(min_size=1, max_size=8))
        return lambda data: data[:at] + more + data[at:]
    if what == "number":
        width, order = draw(st.sampled_from([1, 2, 4])), draw(st.sampled_from(["little", "big"]))
        number = (draw(st.sampled_from(NUMBERS)) % 256**width).to_bytes(width, order)
        return lambda data: data[:at] + number + data[at + width :]
    gone, again = {"delete": (length, 0), "double": (0, length), "truncate": (size, 0)}[what]
    return lambda data: data[:at] + data[at : at + again] + data[at + gone :]


@pytest.mark.filterwarnings(r"ignore::UserWarning:PIL\.TiffImagePlugin")  # about damage that Pillow puts up with
@examples(300)
@pytest.mark.parametrize("kind", KINDS)
@given(draw=st.data())
def test_a_changed_file_gives_a_photo_or_a_sentence(kind: str, draw: st.DataObject) -> None:
    data = whole(kind)
    for change in draw.draw(st.lists(changes(len(data)), min_size=1, max_size=4)):
        data = change(data)
    try:
        photo = read(data)
    except PhotoError as refusal:
        assert_sentence(str(refusal))
    else:
        assert_valid(photo)


def assert_sentence(words: str) -> None:
    """What is wrong, and what to do."""
    assert words.count("\n") == 0
    assert len(words) < 300
    wrong, remedy = words.removesuffix(".").rsplit(". ", 1)
    assert wrong.startswith("This ")
    assert remedy.startswith(("Send ", "Save ", "Make ", "Cut ", "Choose "))
    assert words.endswith(".")
