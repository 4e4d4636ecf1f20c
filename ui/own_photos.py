"""The visitor's own photos: their reduced pixels, by the names that they have in a link, for the length of the visit."""

import math
from dataclasses import dataclass

import streamlit as st

from convoscope.photo import Photo
from ui.links import own_name


@dataclass(frozen=True)
class _Own:
    """number: of the photo among all of this visit, from 1."""

    number: int
    photo: Photo


def names() -> tuple[str, ...]:
    """In the order in which they came."""
    return tuple(_kept())


def photo_named(name: str) -> Photo:
    return _kept()[name].photo


def title_of(name: str) -> str:
    """What the photo is called on the page: of several each has its number, and keeps it."""
    kept = _kept()
    return "your photo" if len(kept) == 1 else f"your photo {kept[name].number}"


def keep(photo: Photo, *others: str | None) -> str:
    """Keeps a photo, and of those before it the last one and `others`. Returns its name."""
    new, kept = own_name(photo), _kept()
    if new in kept:
        return new
    count = st.session_state["own_count"] = st.session_state.get("own_count", 0) + 1
    for name in [*kept][:-1]:
        if name not in others:
            del kept[name]
    kept[new] = _Own(count, photo)
    return new


def minutes_kept() -> int:
    """For how long after the connection was lost: whoever comes back by then finds them."""
    seconds: int = st.get_option("server.disconnectedSessionTTL")
    return math.ceil(seconds / 60)


def _kept() -> dict[str, _Own]:
    photos: dict[str, _Own] = st.session_state.setdefault("own_photos", {})
    return photos
