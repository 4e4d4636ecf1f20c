"""The guided tour, how a CNN works: contents, one chapter at a time, its question, and the way on."""

import inspect
from types import ModuleType

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui import state
from ui.chapters import CHAPTERS
from ui.components.chapters import chapters
from ui.parts.tour import again, answer, flatten, kernels, learning, picture, pooling, relu, slips, window
from ui.visit import Visit

_MODULES: dict[str, ModuleType] = {
    "picture": picture,
    "window": window,
    "kernels": kernels,
    "relu": relu,
    "pooling": pooling,
    "again": again,
    "flatten": flatten,
    "answer": answer,
    "learning": learning,
    "slips": slips,
}


def contents(visit: Visit) -> None:
    taken = state.guesses()
    done = {chapter for chapter, *_ in taken}
    right = {chapter for (chapter, *_), guess in taken.items() if guess.right}
    chapters(
        CHAPTERS,
        visit.chapter,
        done,
        key="chapters",
        on_choose=state.taken("chapters", "chosen", lambda chapter: state.select(chapter=chapter)),
    )
    st.caption(f"{len(done)} of {len(CHAPTERS)} questions answered" + (f", {len(right)} right at once" if done else ""))


def chapter(visit: Visit) -> None:
    number = list(CHAPTERS).index(visit.chapter) + 1
    st.header(f"{number}. {CHAPTERS[visit.chapter]}", anchor=False)
    module = _MODULES[visit.chapter]
    module.draw(visit)
    with st.expander("The code that computes this", icon=":material/code:"):
        for function in module.CODE:
            st.code(inspect.getsource(function), language="python")


def question(visit: Visit) -> None:
    """To predict first, and then see."""
    asked = _MODULES[visit.chapter].question(visit)
    taken = state.guesses().get(visit.question)
    guess = taken.option if taken else None
    key = f"guess-{visit.chapter}-{visit.selection.model}-{visit.photo.sha256[:12]}"
    with st.container(border=True):
        st.markdown(f"**Take a guess.** {asked.ask}")
        st.radio(
            "Your guess",
            range(len(asked.options)),
            index=guess,
            format_func=asked.options.__getitem__,
            label_visibility="collapsed",
            key=key,
            on_change=state.take_guess,
            args=(visit.question, key, asked.right),
        )
        if guess == asked.right:
            st.success(f"**Right.** {asked.why}", icon=":material/check:")
        elif guess is not None:
            st.info(f"**It is: {asked.options[asked.right]}.** {asked.why}", icon=":material/lightbulb:")


def turn(visit: Visit) -> None:
    """The chapters before and after this one."""
    names = list(CHAPTERS)
    at = names.index(visit.chapter)
    back, onward = st.columns(2)
    if at > 0:
        _to(back, names[at - 1], f"← {CHAPTERS[names[at - 1]]}")
    if at + 1 < len(names):
        _to(onward, names[at + 1], f"{CHAPTERS[names[at + 1]]} →")
    else:
        onward.page_link("streamlit_app.py", label="Now with another photo →", query_params=state.link())


def _to(place: DeltaGenerator, name: str, label: str) -> None:
    place.button(label, on_click=lambda: state.select(chapter=name), width="stretch")
