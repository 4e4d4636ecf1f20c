"""What a file is, by its content and never by its name: a format that is read, or the sentence why not."""

import codecs
from typing import NamedTuple

from convoscope.decoding.refusal import PhotoError, no_picture, refused

ACCEPTED = "JPEG, PNG, HEIC, WebP, AVIF, GIF, TIFF or BMP"
_HEAD = 1024  # bytes looked at for what need not stand at the very start


class _Mark(NamedTuple):
    """These bytes at this place are the mark of a format."""

    place: int
    start: bytes
    name: str


_READ = (
    _Mark(0, b"\xff\xd8\xff", "JPEG"),
    _Mark(0, b"\x89PNG", "PNG"),
    _Mark(0, b"GIF87a", "GIF"),
    _Mark(0, b"GIF89a", "GIF"),
    _Mark(0, b"II*\0", "TIFF"),
    _Mark(0, b"MM\0*", "TIFF"),
    _Mark(0, b"II+\0", "TIFF"),
    _Mark(0, b"MM\0+", "TIFF"),
)
_LOOKALIKES = (  # they begin like one of those
    _Mark(8, b"CR\2\0", "a raw camera picture"),
    _Mark(12, b"CgBI", "a PNG packed for an iPhone app"),
)
_REFUSED = (
    _Mark(0, b"IIU\0", "a raw camera picture"),
    _Mark(0, b"IIRO", "a raw camera picture"),
    _Mark(0, b"IIRS", "a raw camera picture"),
    _Mark(0, b"MMOR", "a raw camera picture"),
    _Mark(6, b"HEAPCCDR", "a raw camera picture"),
    _Mark(0, b"FUJIFILMCCD-RAW", "a raw camera picture"),
    _Mark(0, b"FOVb", "a raw camera picture"),
    _Mark(0, b"\0MRM", "a raw camera picture"),
    _Mark(0, b"\xff\x0a", "a JPEG XL picture"),
    _Mark(0, b"\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL picture"),
    _Mark(0, b"\0\0\0\x0cjP  \r\n\x87\n", "a JPEG 2000 picture"),
    _Mark(0, b"\xff\x4f\xff\x51", "a JPEG 2000 picture"),
    _Mark(0, b"\xff\xd8", "a JPEG of an unknown kind"),
    _Mark(0, b"II\xbc\1", "a JPEG XR picture"),
    _Mark(0, b"8BPS", "a Photoshop file"),
    _Mark(0, b"gimp xcf", "a GIMP file"),
    _Mark(0, b"\0\0\1\0", "an icon"),
    _Mark(0, b"\0\0\2\0", "an icon"),
    _Mark(0, b"icns", "an icon"),
    _Mark(0, b"qoif", "a QOI picture"),
    _Mark(0, b"BPG\xfb", "a BPG picture"),
    _Mark(0, b"FLIF", "a FLIF picture"),
    _Mark(0, b"v/1\1", "an OpenEXR picture"),
    _Mark(0, b"#?RADIANCE", "a Radiance picture"),
    _Mark(0, b"#?RGBE", "a Radiance picture"),
    _Mark(0, b"DDS ", "a DDS texture"),
    _Mark(0, b"\xabKTX", "a KTX texture"),
    _Mark(0, b"SIMPLE  =", "a FITS picture"),
    _Mark(128, b"DICM", "a DICOM picture"),
    _Mark(0, b"\x8aMNG", "an MNG animation"),
    _Mark(0, b"\x8bJNG", "a JNG picture"),
    _Mark(0, b"AT&TFORM", "a DjVu document"),
    _Mark(0, b"\x01\xda\0", "an SGI picture"),
    _Mark(0, b"\x01\xda\1", "an SGI picture"),
    _Mark(0, b"\x59\xa6\x6a\x95", "a Sun raster picture"),
    _Mark(0, b"/* XPM */", "an XPM picture"),
    _Mark(0, b"\xd7\xcd\xc6\x9a", "a Windows metafile"),
    _Mark(40, b" EMF", "a Windows metafile"),
    _Mark(0, b"\x0a\5\1", "a PCX picture"),
    _Mark(0, b"%!PS", "a PostScript file"),
    _Mark(0, b"\xc5\xd0\xd3\xc6", "a PostScript file"),
    _Mark(0, b"{\\rtf", "a text document"),
    _Mark(0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an office document"),
    _Mark(8, b"AVI ", "a video"),
    _Mark(0, b"\x1aE\xdf\xa3", "a video"),
    _Mark(0, b"\0\0\1\xba", "a video"),
    _Mark(0, b"\0\0\1\xb3", "a video"),
    _Mark(0, b"FLV\1", "a video"),
    _Mark(0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "a video"),
    _Mark(4, b"moov", "a video"),
    _Mark(4, b"mdat", "a video"),
    _Mark(4, b"wide", "a video"),
    _Mark(8, b"WAVE", "a sound recording"),
    _Mark(0, b"OggS", "a sound recording or video"),
    _Mark(0, b"ID3", "a sound recording"),
    _Mark(0, b"\xff\xfb", "a sound recording"),
    _Mark(0, b"\xff\xf1", "a sound recording"),
    _Mark(0, b"fLaC", "a sound recording"),
    _Mark(0, b"MThd", "a sound recording"),
    _Mark(8, b"AIFF", "a sound recording"),
    _Mark(0, b"\x1f\x8b", "a packed archive"),
    _Mark(0, b"BZh", "a packed archive"),
    _Mark(0, b"\xfd7zXZ\0", "a packed archive"),
    _Mark(0, b"7z\xbc\xaf\x27\x1c", "a packed archive"),
    _Mark(0, b"Rar!\x1a\7", "a packed archive"),
    _Mark(0, b"\x28\xb5\x2f\xfd", "a packed archive"),
    _Mark(257, b"ustar", "a packed archive"),
    _Mark(0, b"\0\5\x16\7", "the hidden half of a file from a Mac, not the picture itself"),
    _Mark(0, b"bplist00", "a settings file"),
    _Mark(0, b"SQLite format 3\0", "a database"),
    _Mark(0, b"\x7fELF", "a program"),
    _Mark(0, b"MZ", "a program"),
    _Mark(0, b"\xcf\xfa\xed\xfe", "a program"),
    _Mark(0, b"\xca\xfe\xba\xbe", "a program"),
    _Mark(0, b"OTTO", "a font"),
    _Mark(0, b"\0\1\0\0\0", "a font"),
    _Mark(0, b"wOFF", "a font"),
    _Mark(0, b"wOF2", "a font"),
    _Mark(0, b"ttcf", "a font"),
    _Mark(0, b"\x93NUMPY", "a NumPy array"),
    _Mark(0, b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
)
_NO_PICTURES = (  # nothing in them could be saved as a picture
    "a sound recording",
    "a sound recording or video",
    "a video",
    "a packed archive",
    "a settings file",
    "a database",
    "a program",
    "a font",
    "a NumPy array",
    "an HDF5 file",
    "a web page",
    "an XML document",
    "plain text",
)
_BMP_HEADERS = (12, 16, 40, 52, 56, 64, 108, 124)  # bytes of the information header that follows
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"mif2", b"msf1")
_BRANDS = {b"crx ": "a raw camera picture", b"jxl ": "a JPEG XL picture", b"jp2 ": "a JPEG 2000 picture"}
_IN_ZIP = (
    (b"word/", "a Word document"),
    (b"xl/", "an Excel workbook"),
    (b"ppt/", "a PowerPoint presentation"),
    (b"mimetypeapplication/epub", "an electronic book"),
    (b"mimetypeapplication/x-krita", "a Krita file"),
    (b"mimetypeimage/openraster", "an OpenRaster file"),
    (b"mimetypeapplication/vnd.oasis", "an office document"),
)


def recognise(data: bytes) -> str:
    """'JPEG', 'PNG', 'GIF', 'WebP', 'TIFF', 'BMP', 'HEIC' or 'AVIF'. Raises PhotoError with its name for anything else."""
    if not data:
        raise PhotoError("This file is empty. Choose another.")
    if data[4:8] == b"ftyp":
        return _media(data)
    if data.startswith(b"BM") and int.from_bytes(data[14:18], "little") in _BMP_HEADERS:
        return "BMP"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WebP"
    if name := _marked(data, _LOOKALIKES):
        raise refused(name)
    if format := _marked(data, _READ):
        return format
    name = _document(data) or _marked(data, _REFUSED) or _text(data)
    if name in _NO_PICTURES:
        raise no_picture(name)
    raise refused(name) if name else PhotoError(f"This file is not a picture that can be read here. Choose a {ACCEPTED} file.")


def _marked(data: bytes, marks: tuple[_Mark, ...]) -> str | None:
    return next((mark.name for mark in marks if data.startswith(mark.start, mark.place)), None)


def _media(data: bytes) -> str:
    """Pictures, sound and video share one way of packing; brands at the start tell them apart."""
    brands = [data[8:12], *(data[at : at + 4] for at in range(16, min(int.from_bytes(data[:4]), 256), 4))]
    if brands[0] in _BRANDS:
        raise refused(_BRANDS[brands[0]])
    if b"avif" in brands or b"avis" in brands:
        return "AVIF"
    if any(brand in _HEIC_BRANDS for brand in brands):
        return "HEIC"
    raise no_picture("a sound recording" if brands[0] in (b"M4A ", b"M4B ") else "a video")


def _document(data: bytes) -> str | None:
    if b"%PDF-" in data[:_HEAD]:
        return "a PDF document"
    if data.startswith((b"PK\3\4", b"PK\5\6")):
        return next((name for mark, name in _IN_ZIP if mark in data[: 4 * _HEAD]), "a ZIP archive or office document")
    if data[:1] == b"G" and data[188:189] == b"G" and data[376:377] == b"G":
        return "a video"
    if data[:1] == b"P" and data[1:2] in b"1234567fF" and data[2:3].isspace():
        return "a Netpbm picture"
    if data[-18:].startswith(b"TRUEVISION-XFILE"):
        return "a Targa picture"
    return None


def _text(data: bytes) -> str | None:
    """Kinds of text, by the words that give them away; None if it is not text."""
    head = data[:_HEAD]
    encoding = "utf-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8"
    try:
        words = codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeDecodeError:
        return None
    if not words or any(letter < " " and letter not in "\t\n\r\f" for letter in words):
        return None
    start = words.lstrip("\ufeff \t\r\n").lower()
    if start.startswith(("<!doctype html", "<html", "<head", "<body")):
        return "a web page"
    if "<svg" in start:
        return "an SVG drawing"
    if start.startswith("<"):
        return "an XML document"
    if start.startswith("#define") and "_width" in start:
        return "an XBM picture"
    return "plain text"
