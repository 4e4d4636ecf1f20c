"""Ten minutes of libFuzzer on `read`, from the odd files on; its own options may follow, as in `-max_total_time=60`.

Any exception but PhotoError ends it and leaves the file in `runs/fuzz/`; so does one that takes ten seconds or a gigabyte.
"""

import sys
import warnings
from contextlib import suppress
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["PIL", "pillow_heif", "convoscope"]):
    from convoscope.photo import PhotoError, read
    from tests.badfiles.scene import KINDS, whole

    for kind in KINDS:
        read(whole(kind))  # imports what reads it

from tests.badfiles import FILES

LONGEST = 8_192  # bytes of a file
CORPUS = Path("runs/fuzz/corpus")
WORDS = Path("runs/fuzz/words")
OPTIONS = {
    "max_total_time": 600,  # seconds
    "timeout": 10,  # seconds for one file
    "rss_limit_mb": 1_024,
    "max_len": LONGEST,
    "dict": WORDS,
    "artifact_prefix": "runs/fuzz/",
    "print_final_stats": 1,
}
TOKENS = (
    *("Exif\0\0", "JFIF\0", "Adobe\0", "ICC_PROFILE\0", "MPF\0", "Photoshop 3.0\0", "8BIM"),
    *("IHDR", "PLTE", "tRNS", "IDAT", "IEND", "iCCP", "zTXt", "iTXt", "eXIf", "acTL", "fcTL", "fdAT", "gAMA"),
    *("GIF87a", "GIF89a", "NETSCAPE2.0", "RIFF", "WEBP", "VP8 ", "VP8L", "VP8X", "ALPH", "ANIM", "ANMF"),
    *("ftyp", "heic", "avif", "mif1", "meta", "iloc", "iinf", "infe", "iref", "iprp", "ipco", "ipma", "ispe", "irot", "imir"),
    *("BM", "II*\0", "MM\0*", "II+\0", "acsp", "mntr", "RGB ", "CMYK", "GRAY", "A2B0"),
)


def read_any(data: bytes) -> None:
    with suppress(PhotoError):
        read(data)


def write_seeds() -> None:
    CORPUS.mkdir(parents=True, exist_ok=True)
    for number, file in enumerate(FILES):
        if len(file.data) <= LONGEST:
            (CORPUS / f"seed-{number}").write_bytes(file.data)
    WORDS.write_text("".join('"' + "".join(f"\\x{byte:02x}" for byte in token.encode()) + '"\n' for token in TOKENS))


write_seeds()
warnings.simplefilter("ignore")
options = [f"-{name}={value}" for name, value in OPTIONS.items()]
atheris.Setup([sys.argv[0], *options, *sys.argv[1:], str(CORPUS)], read_any)
atheris.Fuzz()
