"""Odd files as a visitor sends them: one sentence on the page, and the way on stays open."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.badfiles import FILES
from tests.badfiles.record import BadFile, Shown
from tests.pages.app import component, jpeg, open_app, text, upload

BY_NAME = {file.name: file for file in FILES}
REFUSED = (  # name of the file in the table, and the name that it comes with
    ("nothing", "photo.jpg"),
    ("text", "photo.png"),
    ("office document", "holiday.docx"),
    ("SVG after an XML declaration", "drawing.svg"),
    ("QuickTime film", "IMG_0001.MOV"),
    ("bare JPEG XL", "photo.jpg"),
    ("JPEG cut in the middle", "photo.jpg"),
    ("HEIC cut shortly before the end", "IMG_0002.HEIC"),
    ("JPEG claiming 65,500 × 65,500", "poster.jpg"),
    ("WebP of 34 bytes and 13,300 × 13,300", "photo.webp"),
    ("PNG without its palette", "logo.png"),
    ("TIFF whose pixels are outside", "scan.tif"),
)
SHOWN = (
    ("JPEG stored by orientation 6", "IMG_0003.jpg"),
    ("whole PNG", "really a PNG.jpg"),
    ("whole JPEG", "really a JPEG.heic"),
    ("whole HEIC", "IMG_0004.HEIC"),
    ("CMYK JPEG", "print.jpg"),
    ("TIFF of floats with holes", "measured.tif"),
    ("BMP of run lengths", "paint.bmp"),
    ("animated WebP of 20,000 frames", "film.webp"),
)


@pytest.mark.parametrize(("file", "name"), [(BY_NAME[what], name) for what, name in REFUSED], ids=[what for what, _ in REFUSED])
def test_a_refused_file_leaves_one_sentence_and_the_next_photo_is_shown(file: BadFile, name: str) -> None:
    app = upload(upload(open_app(), jpeg(1)), file.data, name)
    assert not app.exception
    assert [error.value for error in app.error] == [file.expected]
    assert results(app) == []
    assert "%" not in text(app)

    upload(app, jpeg(2))
    assert not app.exception
    assert not app.error
    assert component(app, "crop")["label"].startswith("your photo")


@pytest.mark.parametrize(("file", "name"), [(BY_NAME[what], name) for what, name in SHOWN], ids=[what for what, _ in SHOWN])
def test_an_odd_photo_is_shown_with_its_result(file: BadFile, name: str) -> None:
    app = upload(open_app(), file.data, name)
    assert not app.exception
    assert not app.error
    header = component(app, "crop")
    assert isinstance(file.expected, Shown)
    assert (header["width"], header["height"]) == (file.expected.width, file.expected.height)
    assert component(app, "bars")["names"]


def results(app: AppTest) -> list[str]:
    """The components on the page that show something of a photo."""
    names = [node.proto.component_name for node in app.get("bidi_component")]
    return [name for name in names if name != "convoscope.paste"]
