"""The frame of every page: menu, choice of network, title, and on all but the first page the photo in a strip."""

import base64
from collections import Counter
from pathlib import Path

import streamlit as st

from convoscope.words import percent, plain
from ui import offers, shared, state
from ui.components.paste import paste
from ui.links import UNIT
from ui.parts.picker import chooser, picker, refused
from ui.visit import Visit

# as its content: of a path Streamlit would read and encode the file anew for each run
ICON = "data:image/png;base64," + base64.b64encode((Path(__file__).parent / "icon.png").read_bytes()).decode()
NETWORK = 120, 230  # px, the choice of network at least and at most; on a phone it stands beside the links, at its least
LETTER, ARROW = 8, 48  # px that it takes for a letter, and for all else
STYLE = Path(__file__).parent / "shell.css"
PAGES = (
    ("streamlit_app.py", "What is it?"),
    ("pages/layers.py", "Layers"),
    (UNIT, "One number"),
    ("pages/why.py", "Why?"),
    ("pages/steps.py", "How it works"),
    ("pages/learning.py", "Learning"),
    ("pages/report.py", "How good?"),
)


def open_page(title: str) -> Visit:
    """Draws the head of a page and returns what it is about. Stops the run where no model can be used."""
    st.set_page_config(page_title=f"{title} · Convoscope", page_icon=ICON, layout="wide")
    _require_a_model()
    visit = state.open_visit(title)
    st.html(STYLE)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="menu"):
        st.markdown("**convo:primary[scope]**", width="content")
        link = state.link()
        for page, label in PAGES:
            st.page_link(page, label=label, query_params=link)
        st.space("stretch")
        paste(key="paste", on_large=state.taken("paste", "large", offers.refuse_large))
        _model_choice(visit)
    st.title(title, anchor=False)
    if visit.notes:
        st.info("\n\n".join(visit.notes), icon=":material/link_off:")
    _name_unusable()
    return visit


def photo_strip(visit: Visit) -> None:
    """The current photo and its answer, and the way to change it."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="photo_strip"):
        if visit.problem is None:
            st.image(visit.prepared.resized.squeeze(), width=56, alt=f"What the network sees of {visit.photo_title}")
            best = visit.prediction.best
            doubt = "; it may be none of its classes" if visit.doubted or visit.unnamed else ""
            said = f"{visit.photo_title.capitalize()}: **{plain(best.name)}**, {percent(best.probability)}{doubt}"
            st.markdown(said, width="content")
        with chooser("Change photo", "photo"):
            picker(visit, visit.selection.model)


def problem_stops_here(visit: Visit) -> None:
    """After a file that cannot be shown: its sentence, the way back, and no result of another photo."""
    if visit.problem is None:
        return
    refused(visit.problem, visit.photo_title)
    st.stop()


def _model_choice(visit: Visit) -> None:
    titles = _titles()
    least, most = NETWORK
    if len(titles) > 1:
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", width="content", key="network"):
            st.caption("Network", width="content")
            st.selectbox(
                "Network",
                tuple(titles),
                format_func=titles.__getitem__,
                filter_mode=None,
                label_visibility="collapsed",
                width=max(least, min(most, ARROW + LETTER * max(map(len, titles.values())))),
                **state.bound("model", visit.selection.model),
            )


def _titles() -> dict[str, str]:
    """By folder, which is named where two networks have one title: Streamlit tells options apart by their texts."""
    titles = {name: network.card.title for name, network in shared.usable().items()}
    several = {title for title, count in Counter(titles.values()).items() if count > 1}
    return {name: f"{title}, {name}" if title in several else title for name, title in titles.items()}


def _require_a_model() -> None:
    if not shared.usable():
        st.error("No network can be used: the folder models/ holds none, or none that is whole.")
        _name_unusable()
        st.stop()


def _name_unusable() -> None:
    for found in shared.networks().values():
        if isinstance(found, str):
            st.warning(plain(found), icon=":material/warning:")
