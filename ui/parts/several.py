"""Several squares of the photo, each asked about by itself, and the average of the answers."""

import streamlit as st

from convoscope import words
from convoscope.card import Results
from convoscope.squares import Look, Several
from ui import state
from ui.components.bars import bars
from ui.components.maps import Tile, maps
from ui.visit import Visit


def several(visit: Visit) -> None:
    """A switch, and what it asks for."""
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            st.toggle("Ask about several squares, averaged", **state.bound("several", visit.selection.several))
            st.markdown("", help=_HELP, width="content")  # of the switch itself a tap on the sign would turn it
        if visit.selection.several:
            _squares(visit, visit.several)
            average, told = st.columns([1, 1.3], gap="medium")
            with average:
                _average(visit, visit.several)
            with told:
                st.markdown(_agreement(visit, visit.several))
                st.caption(_measured(visit))


def _squares(visit: Visit, found: Several) -> None:
    key = state.component_key("squares", visit)
    crops = [look.prepared.crop for look in found.looks]
    maps(
        [_tile(at, look) for at, look in enumerate(found.looks)],
        key=key,
        label="What the network says of several squares of the photo",
        size=96,
        layout="strip",
        on_choose=state.taken(key, "chosen", lambda at: state.select(crop=crops[at])),
    )


def _tile(at: int, look: Look) -> Tile:
    best = look.prediction.best
    said = f"{words.percent(best.probability)} {best.name}"
    return Tile(at, look.title, said, said, look.prepared.resized, None)


def _average(visit: Visit, found: Several) -> None:
    shown, key = visit.answer, state.component_key("average", visit)
    bars(
        found.average.answers,
        shown,
        key=key,
        on_choose=state.taken(key, "chosen", lambda index: state.select(answer=None if index == shown else index)),
    )


def _agreement(visit: Visit, found: Several) -> str:
    """What the average says, how many of the squares say it too, and what that means (Markdown)."""
    best, alone, count = found.average.best, visit.prediction.best, len(found.looks)
    other = f", and not {words.plain(alone.name)} as of the first square alone" if best.index != alone.index else ""
    agreeing = f"All {count}" if found.agreeing == count else f"{found.agreeing or 'None'} of the {count}"
    cut = ": it depends on how the photo is cut, so do not rely on it" if other or 2 * found.agreeing < count else ""
    return (
        f"With their scores averaged, it says **{words.plain(best.name)}** with {words.percent(best.probability)}{other}. "
        f"{agreeing} squares taken alone {'gives' if found.agreeing == 1 else 'give'} this answer{cut}."
    )


def _measured(visit: Visit) -> str:
    evaluation = visit.report.evaluation
    if evaluation is None or evaluation.averaged is None or visit.network.card.results is None:
        return "How much better the average is was not measured for this network."
    told = [_better(visit.network.card.results, evaluation.averaged.test, words.plain(evaluation.measured_on))]
    if evaluation.photos and evaluation.averaged.photos:
        told.append(_better(evaluation.photos, evaluation.averaged.photos, "ordinary photos of its classes"))
    return f"Measured: {'; '.join(told)}."


def _better(once: Results, averaged: Results, what: str) -> str:
    return (
        f"of {once.pictures:,} pictures ({what}) it is right for **{words.percent(once.top1.value)}** by one square, for "
        f"**{words.percent(averaged.top1.value)}** by the average"
    )


_HELP = (
    "The network sees one square of the photo. Here it is also asked about a closer one and, of an oblong photo, about those at "
    "its ends, each also mirrored; the scores (logits) are averaged. Where the squares disagree, be careful. Choose one to put "
    "the square there. The other pages stay with the one square."
)
