"""The score traced back to the pixels: input × gradient and the part of every bias on the way."""

from collections.abc import Collection
from functools import partial

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from convoscope import words
from convoscope.graph.backward import GradientError
from convoscope.graph.operators import OPERATORS
from convoscope.why.full_gradient import FullGradient, OffsetPart
from ui import state
from ui.components.waterfall import Term, waterfall
from ui.parts.layer import step_title
from ui.parts.why.downloads import Quantity, Saved, downloads, on_photo
from ui.parts.why.gradients import no_gradient
from ui.parts.why.over import FINE, Map, show
from ui.parts.why.score import score, score_title, signed, title, unit
from ui.parts.why.trust import trust
from ui.tools import Tools
from ui.visit import Visit

EXACT = 1e-4  # of the sum of the magnitudes: a residual below it is rounding


def pixels(visit: Visit) -> None:
    try:
        full = visit.tools.full_gradients.of(visit.prepared.tensor, visit.asked)
    except GradientError as failure:
        st.markdown(no_gradient(failure))
        return
    st.markdown(_sentence(visit, full))
    where, terms = st.columns([1, 1.4], gap="medium")
    with where:
        drawn = _map(visit, full)
    with terms:
        _terms(visit, full)
    sum_is = "the split adds up only with the residual" if _is_missing(full) else "the sum is exact, its split not the only one"
    st.caption(
        f"What it cannot tell: {sum_is}. **Zero here means {words.zero(visit.network.card.preprocessing)}**: a pixel of that "
        "colour adds nothing by itself, however much it matters. And much of the "
        "score may come from biases, which belong to no pixel; they are drawn where their channels stand."
    )
    trust(visit, drawn)


def _by(visit: Visit, tools: Tools) -> NDArray[np.float64]:
    return tools.full_gradients.of(visit.prepared.tensor, visit.asked).values


def _sentence(visit: Visit, full: FullGradient) -> str:
    photo, biases = float(full.photo.sum()), sum(part.total for part in full.parts)
    return (
        f"Of {score(visit)}, **{words.number(full.score)}**, the photo's pixels themselves make **{signed(photo)}** and the "
        f"network's biases, switched on by the photo, **{signed(biases)}**. The map is strongest "
        f"**{words.place(np.abs(full.values))}**."
    )


def _map(visit: Visit, full: FullGradient) -> Map:
    st.markdown("**Where**: pixels and biases, on the pixels they belong to")
    drawn = Map("pixels", f"{title(visit)} traced to the pixels of {visit.photo_title}", unit(visit), partial(_by, visit))
    shown = show(visit, drawn, full.values)
    total = words.addition(float(full.values.sum()), full.without_place)
    whole = f"to {score(visit)}: {total}"
    if _is_missing(full):
        whole = f"{total}; {score(visit)} is {words.number(full.score)}, so {words.number(full.residual)} is missing"
    st.caption(f"The {full.values.size:,} pixels and what has no place add up {whole}. {FINE}")
    arrays = {"map": Quantity(full.values, f"share {unit(visit)}, pixel by pixel, over colours and layers")}
    arrays |= {"photo": Quantity(full.photo, f"input × gradient, share {unit(visit)}, by colour")}
    arrays |= {
        f"biases {part.tensor}": Quantity(part.values, f"share {unit(visit)}, over the channels of this step")
        for part in full.parts
    }
    downloads(visit, Saved("pixels", "The score traced to the pixels"), lambda: [on_photo(shown)], arrays)
    return drawn


def _terms(visit: Visit, full: FullGradient) -> None:
    st.markdown("**From zero to the score**: what each step adds", help=_HELP)
    terms = [_term("the photo: input × gradient", float(full.photo.sum()))]
    terms += [_term(_named(visit, part), part.total) for part in full.parts if part.total]
    sign = "−" if full.residual < 0 else ""
    digits = words.number(full.residual) if _is_missing(full) else sign + words.tiny(full.residual)
    terms.append(Term("residual", full.residual, digits))
    waterfall(
        terms,
        Term(score_title(visit), full.score, words.number(full.score)),
        key=state.component_key("terms", visit),
        label=f"What makes up the score, {words.number(full.score)}",
    )
    if full.not_linear:
        st.caption(
            f"This network has steps that are not linear where they stand ({_titles(full.not_linear)}), so the "
            "terms need not add up; the residual is what they miss."
        )
    elif not _is_missing(full):
        st.caption("The residual is rounding: ONNX Runtime computes with about seven digits.")


def _is_missing(full: FullGradient) -> bool:
    """Whether the residual is more than rounding."""
    return abs(full.residual) > EXACT * full.magnitude


def _titles(operators: Collection[str]) -> str:
    return ", ".join(sorted({OPERATORS[operator].title for operator in operators}))


def _named(visit: Visit, part: OffsetPart) -> str:
    if part.tensor == visit.network.logits_name:
        return "the class's own bias" if visit.asked.against is None else "the classes' own biases"
    kind = {"Clip": "bounds of", "BatchNormalization": "shifts of"}.get(part.operator, "biases of")
    return f"{kind} {step_title(visit, part.tensor)}"


def _term(name: str, value: float) -> Term:
    return Term(name, value, signed(value))


_HELP = (
    "Every step of the network is linear where it stands: what comes out is a matrix times what went in, plus a bias. So the "
    "score is input × gradient, summed over the photo, plus bias × gradient, summed over every step (Srinivas and Fleuret, 2019)."
)
