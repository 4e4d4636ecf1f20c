"""Files that are no picture, or one of a kind that is not read: refused by name, whatever they are called."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from convoscope.photo import PhotoError, read

UNKNOWN = "This file is not a picture that can be read here. Choose a JPEG, PNG, HEIC, WebP, AVIF, GIF, TIFF or BMP file."
REFUSED = "This file is {}, which cannot be read here. Save it as JPEG or PNG and try again."
NO_PICTURE = "This file is {}, not a picture. Choose a photo, such as a JPEG or PNG file."
SCENE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8))


def encode(format: str, **options: object) -> bytes:
    file = io.BytesIO()
    SCENE.save(file, format, **options)
    return file.getvalue()


def packed(name: str, content: str = "") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, content)
    return file.getvalue()


def media(brand: bytes) -> bytes:
    return b"\0\0\0\x14ftyp" + brand + bytes(4) + brand + bytes(100)


KINDS = {
    "a PDF document": [b"%PDF-1.7\n", b"\r\n%PDF-1.4\n", encode("PDF")],
    "a PostScript file": [b"%!PS-Adobe-3.0 EPSF-3.0\n", b"\xc5\xd0\xd3\xc6" + bytes(30), encode("EPS")],
    "an SVG drawing": [b"<svg xmlns='x'/>", b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- a -->\n<svg/>", "<svg/>".encode("utf-16")],
    "a Photoshop file": [b"8BPS\0\1" + bytes(30)],
    "a GIMP file": [b"gimp xcf v011\0"],
    "an icon": [encode("ICO"), b"\0\0\2\0\1\0", b"icns" + bytes(8)],
    "a JPEG XL picture": [b"\xff\x0a" + bytes(9), b"\0\0\0\x0cJXL \r\n\x87\n", media(b"jxl ")],
    "a JPEG 2000 picture": [encode("JPEG2000"), encode("JPEG2000", no_jp2=True)],
    "a raw camera picture": [
        b"II*\0\x10\0\0\0CR\2\0",
        media(b"crx "),
        b"FUJIFILMCCD-RAW 0201",
        b"IIU\0\x18\0\0\0",
        b"IIRO\x08\0\0\0",
        encode("TIFF", tiffinfo={50706: b"\1\4\0\0"}),
        encode("TIFF", tiffinfo={254: 1, 330: 8}),
    ],
    "a Netpbm picture": [encode("PPM"), b"P3\n1 1\n255\n1 2 3\n", b"Pf\n1 1\n"],
    "a Targa picture": [encode("TGA")],
    "a PCX picture": [encode("PCX")],
    "a DDS texture": [encode("DDS")],
    "a QOI picture": [b"qoif" + bytes(10)],
    "an OpenEXR picture": [b"v/1\1" + bytes(10)],
    "a DICOM picture": [bytes(128) + b"DICM"],
    "a FITS picture": [b"SIMPLE  =                    T"],
    "an XBM picture": [b"#define im_width 8\n#define im_height 1\n"],
    "a PNG packed for an iPhone app": [b"\x89PNG\r\n\x1a\n\0\0\0\4CgBI" + bytes(8)],
    "a JPEG of an unknown kind": [b"\xff\xd8\0"],
    "a Word document": [packed("word/document.xml")],
    "an Excel workbook": [packed("xl/workbook.xml")],
    "a PowerPoint presentation": [packed("ppt/presentation.xml")],
    "a Krita file": [packed("mimetype", "application/x-krita")],
    "an office document": [packed("mimetype", "application/vnd.oasis.opendocument.text"), b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"],
    "a ZIP archive or office document": [packed("holiday.jpg"), b"PK\5\6" + bytes(18)],
    "the hidden half of a file from a Mac, not the picture itself": [b"\0\5\x16\7\0\2\0\0Mac OS X"],
}
NO_PICTURES = {
    "a video": [
        media(b"isom"),
        media(b"qt  "),
        b"\0\0\0\x08wide" + bytes(8),
        b"\x1aE\xdf\xa3" + bytes(20),
        b"RIFF\0\0\0\0AVI LIST",
        (b"G" + bytes(187)) * 3,
        b"FLV\1",
    ],
    "a sound recording": [media(b"M4A "), b"ID3\3\0", b"RIFF\0\0\0\0WAVEfmt ", b"fLaC"],
    "a packed archive": [b"\x1f\x8b\x08", b"Rar!\x1a\7", b"7z\xbc\xaf\x27\x1c", bytes(257) + b"ustar"],
    "a web page": [b"<!DOCTYPE html><html>", b"\n\n<html lang='en'>", b"<!doctype HTML>"],
    "an XML document": [b"<?xml version='1.0'?><note/>"],
    "a program": [b"MZ\x90\0", b"\x7fELF\2\1\1"],
    "a font": [b"\0\1\0\0\0\x11", b"wOF2"],
    "plain text": [b"hello", "Grüße".encode(), "hello".encode("utf-16"), b"BMW 320i", b"GIF is a format", b"RIFF and WEBP"],
}


@pytest.mark.parametrize("kind", [*KINDS, *NO_PICTURES])
def test_a_file_of_another_kind_is_refused_by_its_name(kind: str) -> None:
    sentence = (REFUSED if kind in KINDS else NO_PICTURE).format(kind)
    for data in [*KINDS.get(kind, []), *NO_PICTURES.get(kind, [])]:
        with pytest.raises(PhotoError) as refusal:
            read(data)
        assert str(refusal.value) == sentence, data[:20]


@pytest.mark.parametrize("data", [b"\xff", bytes(5000), b"\x80\x81 not a text", np.random.default_rng(1).bytes(999)], ids=len)
def test_what_nobody_knows_is_told_what_is_read(data: bytes) -> None:
    with pytest.raises(PhotoError) as refusal:
        read(data)
    assert str(refusal.value) == UNKNOWN
