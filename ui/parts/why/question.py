"""What is asked: which class, or why one rather than another; and by which view it is answered."""

from collections.abc import Callable

import streamlit as st

from convoscope import words
from ui import state
from ui.parts.why import change, evidence, gradients, occlusion, photos, pixels, switches
from ui.parts.why.score import title
from ui.views import VIEWS
from ui.visit import Visit

_DRAWN: dict[str, Callable[[Visit], None]] = {
    "evidence": evidence.evidence,
    "switches": switches.switches,
    "gradients": gradients.gradients,
    "pixels": pixels.pixels,
    "occlusion": occlusion.occlusion,
    "change": change.change,
    "photos": photos.photos,
}


def question(visit: Visit) -> None:
    """The winner, the runner-up, the difference of the two; or any class, or any two."""
    if visit.selection.against == visit.answer:
        state.select(against=None)  # or it would come back with the next class
        st.rerun()
    best, second = visit.prediction.answers[:2]
    ready = {
        f"Why {best.name}?": (best.index, None),
        f"Why not {second.name}?": (second.index, None),
        f"Why {best.name} rather than {second.name}?": (best.index, second.index),
    }
    asked = (visit.asked.index, visit.asked.against)
    shown = next((label for label, each in ready.items() if each == asked), None)
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        chosen = st.segmented_control(
            "Question",
            tuple(ready),
            format_func=words.plain,
            default=shown,
            wrap=True,
            label_visibility="collapsed",
            key=f"question-{visit.selection.model}-{asked}",  # another widget for another question: it begins with what is asked
        )
        with st.popover("Another class" if shown else words.plain(f"Why {title(visit)}?"), icon=":material/help:"):
            _any_class(visit)
    if chosen and chosen != shown:
        answer, against = ready[chosen]
        state.select(answer=None if answer == best.index else answer, against=against)
        st.rerun()


def view_choice(visit: Visit) -> None:
    st.segmented_control(
        "View",
        tuple(VIEWS),
        format_func=VIEWS.__getitem__,
        required=True,
        wrap=True,
        label_visibility="collapsed",
        **state.bound("view", _view(visit)),
    )


def view(visit: Visit) -> None:
    _DRAWN[_view(visit)](visit)


def _view(visit: Visit) -> str:
    return visit.selection.view or next(iter(VIEWS))


def _any_class(visit: Visit) -> None:
    answers = visit.prediction.answers
    order = [answer.index for answer in answers]
    shares = {answer.index: f"{answer.name}, {words.percent(answer.probability)}" for answer in answers}
    among = (visit.selection.model, visit.photo.sha256, visit.crop, visit.asked)
    st.selectbox("Why this class", order, format_func=shares.__getitem__, **state.bound("answer", visit.asked.index, *among))
    against = visit.asked.index if visit.asked.against is None else visit.asked.against
    alone = shares | {visit.asked.index: "no other: its own score"}
    st.selectbox("rather than", order, format_func=alone.__getitem__, **state.bound("against", against, *among))
