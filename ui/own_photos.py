"""The visitor's own photos: their reduced pixels, by the names that they have in a link, for the length of the visit."""

import math

import streamlit as st

from convoscope.photo import Photo
from ui.links import own_name


def names() -> tuple[str, ...]:
    """In the order in which they came; one that took the place of another stands where that stood."""
    return tuple(_kept())


def photo_named(name: str) -> Photo:
    return _kept()[name]


def title_of(name: str) -> str:
    """What the photo is called on the page."""
    return "your photo" if name == names()[0] else "your other photo"


def keep(photo: Photo, instead_of: str | None, beside: str | None) -> str:
    """Keeps a photo in place of the one shown so far, with the one shown beside it, and no others. Returns its name."""
    new, kept = own_name(photo), _kept()
    order = dict.fromkeys(new if name in (instead_of, new) else name for name in (*kept, new))
    left = {name: photo if name == new else kept[name] for name in order if name in (new, beside)}
    kept.clear()  # in place: of a value that is set anew Streamlit keeps the one before until the next run
    kept.update(left)
    return new


def minutes_kept() -> int:
    """For how long after the connection was lost: whoever comes back by then finds them."""
    seconds: int = st.get_option("server.disconnectedSessionTTL")
    return math.ceil(seconds / 60)


def _kept() -> dict[str, Photo]:
    photos: dict[str, Photo] = st.session_state.setdefault("own_photos", {})
    return photos
