"""Every format whole, and cut short at several places."""

from functools import partial

from tests.badfiles.record import BadFile, damaged, shows
from tests.badfiles.scene import KINDS, scene, whole

PLACES = {"after 16 bytes": 0.0, "in the middle": 0.5, "shortly before the end": 0.9}


def _cut(kind: str, share: float) -> bytes:
    data = whole(kind)
    return data[: max(16, int(len(data) * share))]


FILES = [
    *(BadFile(f"whole {kind}", partial(whole, kind), shows(format, scene(), within)) for kind, (format, within) in KINDS.items()),
    *(
        BadFile(f"{kind} cut {place}", partial(_cut, kind, share), damaged(format))
        for kind, (format, _) in KINDS.items()
        for place, share in PLACES.items()
        if kind != "MPO"  # what is cut off is its second picture
    ),
]
