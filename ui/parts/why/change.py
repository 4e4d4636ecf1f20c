"""What if the photo were turned, moved, blurred …: the answer along the whole range, and where it turns."""

import numpy as np
import streamlit as st

from convoscope.figure import Panel
from convoscope.why.what_if import WHAT_IFS, Series, WhatIf, series
from ui import state
from ui.components.chart import Axis, Line, chart
from ui.components.film import Frame, film
from ui.parts.why.downloads import Quantity, Saved, downloads, enlarged
from ui.parts.why.score import score_title
from ui.parts.why.turning import SHARE, at, sentence, turn_title
from ui.views import CHANGES
from ui.visit import Visit

ANSWERS = 4  # shown of each place on the range
LARGEST = 2_400_000  # bytes of pictures that are sent
_TITLES = {
    "rotate": "turn it",
    "shift": "move it",
    "blur": "blur it",
    "darken": "darken it",
    "crop": "crop it",
    "noise": "add noise",
}


def change(visit: Visit) -> None:
    what = _choice(visit)
    with st.spinner("Asking the network along the whole range …"):
        found = visit.once(("what if", what.name), lambda: series(visit.tools.lean, visit.prepared, what))
    st.markdown(sentence(visit, found))
    followed = _followed(visit, found)
    _curves(visit, found, followed)
    _film(visit, found, followed)
    _downloads(visit, found)
    st.caption(
        "What it cannot tell: these are changes of this one photo, in the very pixels that the network gets; how it bears them "
        "on many pictures is measured under “How good?”. Noise is drawn once; other noise would give a slightly other curve."
    )


def _choice(visit: Visit) -> WhatIf:
    shown = visit.selection.change or CHANGES[0]
    st.segmented_control(
        "What if I …", CHANGES, format_func=_TITLES.__getitem__, required=True, wrap=True, **state.bound("change", shown)
    )
    return next(what for what in WHAT_IFS if what.name == shown)


def _followed(visit: Visit, found: Series) -> list[int]:
    """Two classes: the one asked about, and what it is compared with, the one the answer turns to, or the next best."""
    asked, turn, best = visit.asked, found.turn(visit.asked), visit.prediction.best.index
    compared = ([] if best == asked.index else [best]) if asked.against is None else [asked.against]
    turned = [] if turn is None else [int(found.winners[turn])]
    next_best = [answer.index for answer in visit.prediction.answers]
    return list(dict.fromkeys([asked.index, *compared, *turned, *next_best]))[:2]


def _curves(visit: Visit, found: Series, followed: list[int]) -> None:
    turn, strengths = found.turn(visit.asked), found.strengths.tolist()
    lines, up = _lead(visit, found) if visit.asked.against is not None else _probabilities(visit, found, followed)
    chart(
        lines,
        Axis(found.what.unit, strengths[0], strengths[-1], share=found.what.unit.startswith(SHARE)),
        up,
        key=state.component_key("what-if", visit),
        label=f"{up.title[0].upper()}{up.title[1:]} by {found.what.unit}",
        mark=None if turn is None else strengths[turn],
    )
    if turn is not None:
        st.caption(f"The dashed line: {turn_title(visit, found, turn)}.")


def _probabilities(visit: Visit, found: Series, followed: list[int]) -> tuple[list[Line], Axis]:
    strengths, names = found.strengths.tolist(), [visit.network.card.classes[index] for index in followed]
    curves = [found.probabilities[:, index].tolist() for index in followed]
    lines = [Line(name, strengths, curve) for name, curve in zip(names, curves, strict=True)]
    return lines, Axis(f"probability of {' and '.join(names)}", 0, 1, share=True)


def _lead(visit: Visit, found: Series) -> tuple[list[Line], Axis]:
    """Of one class over the other: logit less logit, with a line where neither is ahead."""
    strengths, lead = found.strengths.tolist(), visit.asked.score(found.logits).tolist()
    neither = Line("neither is ahead", strengths, [0.0] * len(strengths), quiet=True)
    return [Line(score_title(visit), strengths, lead), neither], Axis(score_title(visit), min(0.0, *lead), max(0.0, *lead))


def _film(visit: Visit, found: Series, followed: list[int]) -> None:
    every = max(1, -(-found.pixels.nbytes // LARGEST))
    begin = _begin(visit, found)
    shown = sorted({*range(0, len(found.strengths), every), begin})
    key = state.component_key("film", visit)
    film(
        [Frame(found.pixels[place], at(found, place), _answers(visit, found, followed, place)) for place in shown],
        [visit.network.card.classes[index] for index in followed],
        shown.index(begin),
        key=key,
        label=f"{found.what.name}, {found.what.unit}",
        on_choose=state.taken(key, "chosen", lambda frame: state.select(strength=shown[frame])),
    )


def _answers(visit: Visit, found: Series, followed: list[int], place: int) -> list[tuple[str, float]]:
    """The classes followed, and those that are most probable at this place."""
    shares = found.probabilities[place]
    most = np.argsort(-shares, kind="stable")[:ANSWERS].tolist()
    return [
        (visit.network.card.classes[index], float(shares[index])) for index in list(dict.fromkeys([*followed, *most]))[:ANSWERS]
    ]


def _downloads(visit: Visit, found: Series) -> None:
    begin = _begin(visit, found)
    picked = sorted({0, found.unchanged, begin, len(found.strengths) - 1})
    arrays = {
        "strengths": Quantity(found.strengths, found.what.unit),
        "pixels": Quantity(found.pixels, "0-255, what the network gets at each strength"),
        "logits": Quantity(found.logits, "by strength and class"),
        "probabilities": Quantity(found.probabilities, "0-1, by strength and class"),
    }

    def panels() -> list[Panel]:
        return [Panel(enlarged(found.pixels[index], 256), at(found, index)) for index in picked]

    downloads(visit, Saved(f"what-if-{found.what.name}", f"What if I {_TITLES[found.what.name]}"), panels, arrays)


def _begin(visit: Visit, found: Series) -> int:
    """The strength that is shown first: the one chosen, or where it turns, or no change."""
    if visit.selection.strength is not None:
        return min(visit.selection.strength, len(found.strengths) - 1)
    turn = found.turn(visit.asked)
    return found.unchanged if turn is None else turn
