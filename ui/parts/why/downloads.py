"""Taking a finding along: as a picture, and as numbers with their names and units. Both name the question that they answer."""

import io
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from convoscope import words
from convoscope.figure import Panel, figure
from convoscope.render import greyed, overlay
from ui.components.heat import Heat
from ui.parts.why.score import score_title, title, value
from ui.visit import Visit

SIDE = 512  # pixels of a saved picture, about
LONGEST = 30  # letters of a class in a file's name


@dataclass(frozen=True)
class Quantity:
    """values: an array of any shape. unit: what its numbers are."""

    values: NDArray[np.generic]
    unit: str


@dataclass(frozen=True)
class Saved:
    """name: in the names of files. title: 'Grad-CAM at conv 3'. asks: whether the question has to do with it."""

    name: str
    title: str
    asks: bool = True


def downloads(visit: Visit, saved: Saved, panels: Callable[[], Sequence[Panel]], arrays: Mapping[str, Quantity]) -> None:
    """Two buttons: the panels in one picture, drawn when it is asked for, and the arrays by name."""
    name = file_name(visit, saved)
    kinds = (
        ("Picture", "png", "image/png", lambda: png(figure(panels(), _caption(visit, saved)))),
        (
            "Numbers (.npz)",
            "npz",
            "application/octet-stream",
            lambda: npz(arrays, _about(visit, saved), visit.network.card.classes),
        ),
    )
    with st.container(horizontal=True, gap="small"):
        for label, ending, mime, data in kinds:
            st.download_button(
                label,
                data,
                file_name=f"{name}.{ending}",
                mime=mime,
                icon=":material/download:",
                on_click="ignore",
                key=f"{ending}-{saved.name}",
            )


def file_name(visit: Visit, saved: Saved) -> str:
    """'coffee-photo-why-espresso-rather-than-teapot-evidence'"""
    asked, classes = visit.asked, visit.network.card.classes
    parts = [visit.selection.photo, visit.selection.model]
    if saved.asks:
        parts += ["why", slug(classes[asked.index]) or f"class-{asked.index}"]
    if saved.asks and asked.against is not None:
        parts += ["rather-than", slug(classes[asked.against]) or f"class-{asked.against}"]
    return "-".join([*parts, slug(saved.name)])


def png(picture: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()


def npz(arrays: Mapping[str, Quantity], about: Mapping[str, str], classes: Sequence[str]) -> bytes:
    """The arrays by name, and three of strings: `units` (names, 2) says what the numbers of each are, `about` (parts, 2) of what
    photo, network and question they are, `classes` what is meant by class."""
    file = io.BytesIO()
    words_of = {
        "units": np.array([(name, quantity.unit) for name, quantity in arrays.items()]),
        "about": np.array(list(about.items())),
        "classes": np.array(classes),
    }
    np.savez_compressed(file, allow_pickle=False, **words_of, **{name: quantity.values for name, quantity in arrays.items()})
    return file.getvalue()


def enlarged(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """uint8 (H, W, 1 or 3) → uint8 (…, …, 3), by a whole factor up to about `side` pixels."""
    factor = max(1, side // max(pixels.shape[:2]))
    coloured = np.repeat(pixels, 3, 2) if pixels.shape[2] == 1 else pixels
    return coloured.repeat(factor, 0).repeat(factor, 1)


def on_photo(shown: Heat, name: str = "") -> Panel:
    """The map over the picture as it is first shown on the page, about SIDE pixels wide."""
    alone = max(0.0, shown.begin / 50 - 1)
    base = Image.fromarray(greyed(enlarged(shown.picture, SIDE), min(1, 2 * alone))).convert("RGBA")
    over = Image.fromarray(overlay(shown.values, shown.scale, alone)).resize(base.size, Image.Resampling.NEAREST)
    return Panel(np.asarray(Image.alpha_composite(base, over).convert("RGB")), name, shown.scale, shown.unit)


def _question(visit: Visit, saved: Saved) -> str:
    return f"Why {title(visit)}?" if saved.asks else ""


def _caption(visit: Visit, saved: Saved) -> list[str]:
    """Of the picture: question and method; what they are about."""
    asked = f"{score_title(visit)} is {words.number(value(visit))}. " if saved.asks else ""
    return [
        f"{_question(visit, saved)} {saved.title}.".lstrip(),
        f"{asked[:1].upper()}{asked[1:]}Photo: {visit.photo_title}. Network: {visit.network.card.title}.",
    ]


def _about(visit: Visit, saved: Saved) -> dict[str, str]:
    crop, asked, classes = visit.crop, visit.asked, visit.network.card.classes
    about = {
        "method": saved.title,
        "photo": visit.selection.photo,
        "photo, sha256": visit.photo.sha256,
        "crop": f"{crop.side} pixels wide, from column {crop.left} and row {crop.top}",
        "network": visit.selection.model,
        "network, sha256": visit.network.card.sha256,
    }
    if saved.asks:
        against = {} if asked.against is None else {"rather than": classes[asked.against]}
        about |= {"question": _question(visit, saved), "class": classes[asked.index], **against}
    return about


def slug(text: str) -> str:
    """Letters, digits and hyphens that every system takes in a file's name."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub("[^A-Za-z0-9]+", "-", plain).strip("-")[:LONGEST].rstrip("-")
