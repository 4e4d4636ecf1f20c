"""What if the photo were turned, moved, blurred …: the answer along the whole range, and where it flips."""

import numpy as np
import streamlit as st

from convoscope import words
from convoscope.why.what_if import WHAT_IFS, Series, WhatIf, series
from ui import state
from ui.components.chart import Axis, Line, chart
from ui.components.film import Frame, film
from ui.parts.why.downloads import Quantity, beside, downloads, enlarged
from ui.parts.why.score import name
from ui.views import CHANGES
from ui.visit import Visit

CLASSES = 4  # followed along the range, at most
LARGEST = 2_400_000  # bytes of pictures that are sent
SHARE = "share "  # how the unit of a strength begins that is shown in per cent
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
    st.markdown(_sentence(visit, found))
    classes = _followed(visit, found)
    _curves(visit, found, classes)
    _film(visit, found, classes)
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


def _sentence(visit: Visit, found: Series) -> str:
    winner = int(found.winners[found.unchanged])
    least = found.probabilities[:, winner].argmin()
    if found.flip is None:
        return (
            f"Along the whole range the answer stays **{name(visit, winner)}**. It is least sure at {_at(found, int(least))}: "
            f"{words.percent(float(found.probabilities[least, winner]))}."
        )
    other = int(found.winners[found.flip])
    return (
        f"The answer flips from {name(visit, winner)} to **{name(visit, other)}** at **{_at(found, found.flip)}**, "
        f"{words.percent(float(found.probabilities[found.flip, other]))}."
    )


def _at(found: Series, index: int) -> str:
    """'45.0 degrees clockwise', '30.0 % of the light lost', '1.50 (standard deviation in pixels)'."""
    strength, unit = float(found.strengths[index]), found.what.unit
    if unit.startswith(SHARE):
        return f"{strength:.1%} {unit.removeprefix(SHARE)}".replace("%", " %").replace("-", "−")
    if unit.startswith("degrees"):
        return f"{words.number(abs(strength))} degrees {'clockwise' if strength < 0 else 'counter-clockwise'}"
    return f"{words.number(strength)} ({unit})"


def _followed(visit: Visit, found: Series) -> list[int]:
    """The class asked about, the one the answer flips to, the winner, those that win elsewhere, and the next best."""
    winners, counts = np.unique(found.winners, return_counts=True)
    elsewhere = winners[np.argsort(-counts, kind="stable")].tolist()
    flipped = [] if found.flip is None else [int(found.winners[found.flip])]
    next_best = [answer.index for answer in visit.prediction.answers]
    return list(dict.fromkeys([visit.asked.index, *flipped, next_best[0], *elsewhere, *next_best]))[:CLASSES]


def _curves(visit: Visit, found: Series, classes: list[int]) -> None:
    strengths, names = found.strengths.tolist(), visit.network.card.classes
    flip = None if found.flip is None else strengths[found.flip]
    two = classes[:2]  # more lines could not be told apart
    chart(
        [Line(names[index], strengths, found.probabilities[:, index].tolist()) for index in two],
        Axis(found.what.unit, strengths[0], strengths[-1], share=found.what.unit.startswith(SHARE)),
        Axis(f"probability of {' and '.join(names[index] for index in two)}", 0, 1, share=True),
        key=state.component_key("what-if", visit),
        label=f"Probability of {' and '.join(names[index] for index in two)} by {found.what.unit}",
        mark=flip,
    )
    if found.flip is not None:
        st.caption(f"The dashed line: where the answer flips, {_at(found, found.flip)}.")


def _film(visit: Visit, found: Series, classes: list[int]) -> None:
    every = max(1, -(-found.pixels.nbytes // LARGEST))
    begin = found.unchanged if found.flip is None else found.flip
    shown = sorted({*range(0, len(found.strengths), every), begin})
    frames = [Frame(found.pixels[k], _at(found, k), [float(found.probabilities[k, c]) for c in classes]) for k in shown]
    film(
        frames,
        [visit.network.card.classes[index] for index in classes],
        shown.index(begin),
        key=state.component_key("film", visit),
        label=f"{found.what.name}, {found.what.unit}",
    )


def _downloads(visit: Visit, found: Series) -> None:
    begin = found.unchanged if found.flip is None else found.flip
    picked = sorted({0, found.unchanged, begin, len(found.strengths) - 1})
    arrays = {
        "strengths": Quantity(found.strengths, found.what.unit),
        "pixels": Quantity(found.pixels, "0-255, what the network gets at each strength"),
        "logits": Quantity(found.logits, "by strength and class"),
        "probabilities": Quantity(found.probabilities, "0-1, by strength and class"),
        "classes": Quantity(np.array(visit.network.card.classes), "names"),
    }
    downloads(visit, f"what-if-{found.what.name}", beside(*(enlarged(found.pixels[index], 256) for index in picked)), arrays)
