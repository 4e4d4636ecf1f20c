"""What is no picture, or one of a kind that is not read here."""

import io
import struct
import zipfile
from functools import partial

import numpy as np

from tests.badfiles.record import EMPTY, UNKNOWN, BadFile, no_picture, refused
from tests.badfiles.scene import encode, scene


def _docx() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("[Content_Types].xml", "word/document.xml"):
            archive.writestr(zipfile.ZipInfo(name), "<?xml version='1.0'?><a/>")
    return file.getvalue()


def _box(kind: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content


def _ftyp(brand: bytes) -> bytes:
    return _box(b"ftyp", brand + bytes(4) + brand) + _box(b"mdat", bytes(100))


TEXT, PROGRAM, SOUND = no_picture("plain text"), no_picture("a program"), no_picture("a sound recording")
WEB_PAGE, DRAWING, VIDEO = no_picture("a web page"), refused("an SVG drawing"), no_picture("a video")
RAW, ICON, NETPBM = refused("a raw camera picture"), refused("an icon"), refused("a Netpbm picture")
JPEG_XL, JPEG_2000 = refused("a JPEG XL picture"), refused("a JPEG 2000 picture")
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'/>"

_CONTENTS = {
    "nothing": (b"", EMPTY),
    "one byte": (b"\xff", UNKNOWN),
    "zeros": (bytes(5000), UNKNOWN),
    "text": (b"hello, this is a letter", TEXT),
    "text in UTF-16": ("hello".encode("utf-16"), TEXT),
    "a text that begins like a bitmap": (b"BM", TEXT),
    "noise": (np.random.default_rng(0).bytes(5000), UNKNOWN),
    "a stored array": (b"\x93NUMPY\1\0" + bytes(100), no_picture("a NumPy array")),
    "a program": (b"\x7fELF\2\1\1" + bytes(100), PROGRAM),
    "program for Windows": (b"MZ\x90\0" + bytes(100), PROGRAM),
    "sound": (b"ID3\4" + bytes(100), SOUND),
    "sound in a RIFF file": (b"RIFF" + struct.pack("<I", 104) + b"WAVEfmt " + bytes(92), SOUND),
    "sound in boxes": (_ftyp(b"M4A "), SOUND),
    "font": (b"\0\1\0\0\0\x0c" + bytes(100), no_picture("a font")),
    "packed archive": (b"\x1f\x8b\x08" + bytes(100), no_picture("a packed archive")),
    "web page": (b"<!DOCTYPE html><title>Not found</title>", WEB_PAGE),
    "web page after white space": (b"\r\n\t <HTML><body>Please log in</body></HTML>", WEB_PAGE),
    "XML": (b"<?xml version='1.0'?><note/>", no_picture("an XML document")),
    "SVG": (SVG, DRAWING),
    "SVG after an XML declaration": (b"<?xml version='1.0'?>\n<!-- made by hand -->\n" + SVG, DRAWING),
    "SVG after a byte order mark": (b"\xef\xbb\xbf" + SVG, DRAWING),
    "PDF": (b"%PDF-1.7\n1 0 obj", refused("a PDF document")),
    "EPS": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", refused("a PostScript file")),
    "EPS with a preview": (b"\xc5\xd0\xd3\xc6" + bytes(26) + b"%!PS-Adobe-3.0 EPSF-3.0\n", refused("a PostScript file")),
    "Photoshop": (b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 30, 40, 8, 3), refused("a Photoshop file")),
    "ZIP of nothing but its start": (b"PK\3\4", refused("a ZIP archive or office document")),
    "office document": (_docx(), refused("a Word document")),
    "MP4": (_ftyp(b"isom"), VIDEO),
    "QuickTime film": (_ftyp(b"qt  "), VIDEO),
    "old QuickTime film": (_box(b"moov", bytes(100)), VIDEO),
    "Matroska film": (b"\x1aE\xdf\xa3" + bytes(100), VIDEO),
    "AVI film": (b"RIFF" + struct.pack("<I", 104) + b"AVI LIST" + bytes(92), VIDEO),
    "bare JPEG XL": (b"\xff\x0a" + bytes(100), JPEG_XL),
    "JPEG XL in boxes": (b"\0\0\0\x0cJXL \r\n\x87\n" + _ftyp(b"jxl "), JPEG_XL),
    "JPEG 2000": (encode(scene(), "JPEG2000"), JPEG_2000),
    "bare JPEG 2000": (encode(scene(), "JPEG2000", no_jp2=True), JPEG_2000),
    "icon": (encode(scene(), "ICO"), ICON),
    "cursor": (b"\0\0\2\0\1\0" + bytes(16), ICON),
    "Netpbm": (encode(scene(), "PPM"), NETPBM),
    "Netpbm as text": (b"P3\n1 1\n255\n1 2 3\n", NETPBM),
    "Canon raw": (b"II*\0\x10\0\0\0CR\2\0" + bytes(100), RAW),
    "new Canon raw": (_ftyp(b"crx "), RAW),
    "Fujifilm raw": (b"FUJIFILMCCD-RAW 0201" + bytes(100), RAW),
    "Panasonic raw": (b"IIU\0\x18\0\0\0" + bytes(100), RAW),
    "Olympus raw": (b"IIRO\x08\0\0\0" + bytes(100), RAW),
}
FILES = [BadFile(name, partial(bytes, data), sentence) for name, (data, sentence) in _CONTENTS.items()]
