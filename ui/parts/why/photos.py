"""Two photos through the same network: where it goes different ways with them."""

from functools import partial

import numpy as np
import streamlit as st

from convoscope import words
from convoscope.figure import Panel
from convoscope.render import colour, scale_of
from convoscope.why.pair import Pair, StagePair
from ui import state
from ui.components.bars import bars
from ui.components.maps import Tile, maps
from ui.components.table import Cell, table
from ui.parts.layer import layer_of, one_layer, short_title, step_title
from ui.parts.picker import chooser, known, own, refused
from ui.parts.seen import seen
from ui.parts.why.downloads import Quantity, Saved, downloads, enlarged
from ui.visit import Visit

COMPARED = 6  # channels shown of both photos
SAVED = 256  # pixels, about, of a map in the saved picture


def photos(visit: Visit) -> None:
    other = state.beside(visit)
    _choice(other)
    if problem := state.problem_with("other"):
        refused(problem, other.photo_title)
        return
    if (visit.photo.sha256, visit.crop) == (other.photo.sha256, other.crop):
        st.info("A and B are the same photo: choose another one for B.", icon=":material/content_copy:")
        return
    pair = Pair(visit.trace, other.trace)
    most = max((each for each in pair.stages if each.stage.is_maps), key=lambda each: each.share, default=None)
    st.markdown(_sentence(visit, pair, most))
    with st.container(key="two_photos"):
        columns = st.columns(2, gap="medium")
    for column, each, title in zip(columns, (visit, other), ("A", "B"), strict=True):
        with column:
            _answer(each, title)
    _by_layer(visit, pair)
    mapped = {layer.name: stage for layer in visit.network.layers if (stage := layer.shown_stage(None))}
    if most is None:
        st.markdown("No layer of this network has maps that could be laid side by side.")
        return
    st.subheader("The maps that differ most", anchor=False)
    widest = layer_of(visit, most.stage)
    shown = one_layer(visit, tuple(mapped), first=widest.name)
    if shown != widest.name:
        go = partial(state.select, layer=widest.name)
        st.button(f"Where they differ most: {words.plain(short_title(widest))}", icon=":material/compare:", on_click=go)
    stage = mapped[shown]
    found = pair.at(stage)
    st.markdown(_leaning(visit, other, found))
    _rows(found)
    arrays = {
        "one": Quantity(found.one, f"activations of {stage.tensor} for A, {visit.selection.photo}"),
        "other": Quantity(found.other, f"activations of {stage.tensor} for B, {other.selection.photo}"),
        "distances": Quantity(found.distances, "root of the mean squared difference, by channel"),
        "gains": Quantity(pair.gains, "probability for A less that for B, by class"),
    }
    title = f"Beside {other.photo_title}: channel {found.ranked[0]} of {short_title(layer_of(visit, stage))}"
    saved = Saved(f"with-{other.selection.photo}-{stage.tensor}", title, asks=False)
    downloads(visit, saved, lambda: _panels(found, (visit.photo_title, other.photo_title)), arrays)
    st.caption(
        "What it cannot tell: maps are compared cell by cell, so the same thing at another place counts as a difference. Late "
        "layers care less about places, early ones about little else."
    )


def _choice(other: Visit) -> None:
    st.markdown("**Photo B**: compare with")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        known(other, "other", "Photo B: compare with")
        with chooser("Your own photo", "other"):
            own("other")
        st.button("Swap A and B", icon=":material/swap_horiz:", on_click=state.swap)


def _sentence(visit: Visit, pair: Pair, most: StagePair | None) -> str:
    one, two = pair.one.prediction.best, pair.other.prediction.best
    about = f"A is **{words.plain(one.name)}** ({words.percent(one.probability)})"
    if one.index == two.index:
        said = f"{about}, and so is B ({words.percent(two.probability)})."
    else:
        said = f"{about}, B is **{words.plain(two.name)}** ({words.percent(two.probability)})."
    if most is None:
        return said
    layer = words.plain(layer_of(visit, most.stage).title.lower())
    return (
        f"{said} On the way they differ most in {layer}, where the maps are {words.percent(most.share)} different: 0 % would be "
        "the same maps, 100 % opposite ones, or a layer that only one of the photos activates."
    )


def _answer(each: Visit, title: str) -> None:
    st.markdown(f"**{title}**: {words.plain(each.photo_title)}")
    picture, sure = st.columns([1, 1.6])
    with picture:
        maps([seen(each)], key=f"seen-{title}", label=f"Photo {title}", size=220, layout="single")
    with sure:
        key = f"{state.component_key('bars', each)}-{title}"
        take = state.taken(key, "chosen", lambda index: state.select(answer=index))
        bars(each.prediction.answers, each.asked.index, key=key, on_choose=take)


def _by_layer(visit: Visit, pair: Pair) -> None:
    """How different the network finds them, step by step."""
    box = st.expander("Show me the numbers: how far apart they are in every step", key="every_step", on_change="rerun")
    if not box.open:
        return
    rows = [
        [
            Cell(step_title(visit, each.stage.tensor), at),
            Cell(words.percent(each.share), each.share, each.share),
            Cell(f"{each.ranked[0]}", each.ranked[0]),
        ]
        for at, each in enumerate(pair.stages)
    ]
    with box:
        key = state.component_key("apart", visit)
        headings, label = ("Step", "different", "most in channel"), "How far apart the photos are in every step"
        table(headings, rows, key=key, label=label, largest_first=(1,))


def _leaning(visit: Visit, other: Visit, found: StagePair) -> str:
    first = found.ranked[0]
    more = "A" if found.leaning[first] > 0 else "B"
    return (
        f"Channel **{first}** tells them apart most; on average it responds more to {more}. Of {len(found.ranked)} channels "
        f"{int((found.leaning > 0).sum())} respond more to A, {words.plain(visit.photo_title)}, "
        f"{int((found.leaning < 0).sum())} to B, {words.plain(other.photo_title)}."
    )


def _rows(found: StagePair) -> None:
    channels = found.ranked[:COMPARED]
    palette = found.stage.palette
    picked = list(channels)
    own = scale_of(np.stack([found.one[picked], found.other[picked]]), palette)
    gap = scale_of(found.difference[picked], "signed")
    with st.container(key="two_maps"):
        columns = st.columns(3, gap="small")
    shown = (("A", found.one, own), ("B", found.other, own), ("A − B", found.difference, gap))
    for column, (title, values, scale) in zip(columns, shown, strict=True):
        tiles = [
            Tile(
                channel,
                f"channel {channel}",
                f"{words.number(values[channel].min())} … {words.number(values[channel].max())}",
                words.map_text(values[channel]),
                values[channel],
                scale,
            )
            for channel in channels
        ]
        with column:
            st.caption(title)
            maps(tiles, key=f"pair-{title}", label=f"Maps of {title}", size=96, layout="strip", legend=scale)


def _panels(found: StagePair, titles: tuple[str, str]) -> list[Panel]:
    """Of the channel that differs most: A, B, and the difference. titles: of the photos."""
    first = found.ranked[0]
    own = scale_of(np.stack([found.one[first], found.other[first]]), found.stage.palette)
    shown = (
        (f"A: {titles[0]}", found.one[first], own),
        (f"B: {titles[1]}", found.other[first], own),
        ("A − B", found.difference[first], scale_of(found.difference[first], "signed")),
    )
    return [Panel(enlarged(colour(values, scale), SAVED), title, scale, "activation") for title, values, scale in shown]
