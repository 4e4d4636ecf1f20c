"""A patch of one colour over one part of the photo after the other: where does the score fall?"""

import numpy as np
import streamlit as st

from convoscope import words
from convoscope.why.occlusion import Occlusion, occlude, places
from ui import state
from ui.components.table import Cell, table
from ui.parts.why.downloads import Quantity, Saved, downloads, on_photo
from ui.parts.why.over import Map, show
from ui.parts.why.score import score, score_title, title, unit
from ui.parts.why.trust import trust
from ui.tools import Tools
from ui.views import middle, patches, strides
from ui.visit import Visit


def occlusion(visit: Visit) -> None:
    side = len(visit.prepared.resized)
    patch, stride = _sizes(visit, side)
    found = _found(visit, visit.tools, patch, stride)
    st.markdown(_sentence(visit, found))
    where, numbers = st.columns([1, 1.2], gap="medium")
    with where:
        drawn = _map(visit, found, patch, stride)
    with numbers:
        _numbers(visit, found)
    cover = "the mean colour" if visit.network.card.preprocessing.is_centred else "the mean colour of the photo"
    st.caption(
        f"What it cannot tell: the patch, {cover}, is itself a shape that the network may take for something, and "
        "what is on the photo twice is not missed when one of the two is covered."
    )
    trust(visit, drawn)


def _sizes(visit: Visit, side: int) -> tuple[int, int]:
    """The patch and by how much it is moved, in pixels of the network's input; they begin in the middle."""
    patch = visit.selection.patch or middle(patches(side))
    stride = visit.selection.stride or middle(strides(patch))
    with st.container(horizontal=True, gap="medium"):
        _slider("Size of the patch", patches(side), "patch", patch)
        _slider("Moved by", strides(patch), "stride", stride)
        st.caption(f"{len(places(side, patch, stride)) ** 2:,} places: one run of the network for each.")
    return patch, stride


def _slider(label: str, sizes: tuple[int, ...], field: str, shown: int) -> None:
    if len(sizes) > 1:
        st.select_slider(label, sizes, format_func=_pixels, width=260, **state.bound(field, shown))


def _pixels(count: int) -> str:
    return f"{count} pixel{'' if count == 1 else 's'}"


def _found(visit: Visit, tools: Tools, patch: int, stride: int) -> Occlusion:
    what = (tools.network.key, "occlusion", visit.asked, patch, stride)
    return visit.once(what, lambda: _covered(visit, tools, patch, stride))


def _covered(visit: Visit, tools: Tools, patch: int, stride: int) -> Occlusion:
    bar = st.progress(0.0, "Covering the photo, one part after the other …")
    for found in occlude(tools.lean, visit.prepared.tensor, visit.asked, patch, stride):
        bar.progress(found.done, f"{found.done:.0%} of the places covered …")
    bar.empty()
    return found


def _sentence(visit: Visit, found: Occlusion) -> str:
    fall = float(found.drops.max())
    if fall <= 0:
        return f"Wherever the patch lies, {score(visit)} does not fall: no single part of the photo holds it up."
    place = words.place(found.drops)
    helped = float(found.drops.min())
    tail = f" Elsewhere covering **helps**, by up to {words.number(-helped)}." if helped < 0 else ""
    begin = f"{score(visit)[0].upper()}{score(visit)[1:]} is {words.number(found.score)}"
    return f"{begin}. It falls most, by **{words.number(fall)}**, with the patch **{place}**.{tail}"


def _map(visit: Visit, found: Occlusion, patch: int, stride: int) -> Map:
    st.markdown(
        "**Where the score falls** when it is covered (green) or rises (purple), averaged over the patches that cover a place"
    )
    drawn = Map(
        f"occlusion-{patch}-{stride}",
        f"Loss of {title(visit)} where {visit.photo_title} is covered",
        f"{unit(visit)} lost, mean over the patches that cover it",
        lambda tools: _found(visit, tools, patch, stride).values,
        smooth=True,
    )
    shown = show(visit, drawn, found.values, boxed=found.patch)
    arrays = {
        "drops": Quantity(found.drops, f"fall {unit(visit)}, by place of the patch"),
        "tops": Quantity(np.array(found.tops), "pixels, upper edge of the patch, by row of drops"),
        "lefts": Quantity(np.array(found.lefts), "pixels, left edge of the patch, by column of drops"),
        "patch": Quantity(np.array(found.patch), "pixels"),
        "map": Quantity(found.values, "mean fall over the patches that cover a pixel"),
    }
    saved = Saved("occlusion", f"Covered by {patch} × {patch} pixels, moved by {_pixels(stride)}")
    downloads(visit, saved, lambda: [on_photo(shown)], arrays)
    return drawn


def _numbers(visit: Visit, found: Occlusion) -> None:
    st.markdown("**Patch by patch**")
    rows = [
        [
            Cell(f"row {top + 1}, column {left + 1}", top * found.side + left),
            Cell(words.number(float(found.drops[y, x])), float(found.drops[y, x])),
        ]
        for y, top in enumerate(found.tops)
        for x, left in enumerate(found.lefts)
    ]
    key = f"{state.component_key('patches', visit)}-{found.patch}"
    headings, label = ("Patch begins at", f"Fall of {score_title(visit)}"), "Every place of the patch"
    table(headings, rows, key=key, label=label, sorted_by=1, largest_first=(1,))
