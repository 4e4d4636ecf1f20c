"""Evidence that adds up: what each position and each channel of the last maps adds to the score, exactly."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from convoscope import words
from convoscope.evidence import Evidence
from convoscope.layers import Stage
from convoscope.render import scale_of
from convoscope.why.channels import Speakers, speakers
from ui import state
from ui.components.maps import Tile, maps
from ui.components.table import Cell, table
from ui.parts.layer import layer_of
from ui.parts.overview import open_channel
from ui.parts.why.downloads import Quantity, Saved, downloads, on_photo
from ui.parts.why.over import Map, show
from ui.parts.why.score import score, score_title, signed, subject, title, unit, value
from ui.parts.why.trust import trust
from ui.tools import Tools
from ui.visit import Visit

LOUDEST = 8  # channels shown on either side


def evidence(visit: Visit) -> None:
    head = visit.tools.head
    if head is None:
        st.markdown(
            "**No exact map of the evidence exists for this network**: it does not end in one dense layer on averaged or "
            "flattened maps, so what the last maps add to a score is not a plain sum. The other views work without one."
        )
        return
    spoken = speakers(head, visit.trace, visit.asked)
    st.markdown(words.evidence_sentence(Evidence(visit.asked.index, spoken.map, spoken.bias), title(visit)))
    where, who = st.columns([1, 1.7], gap="medium")
    with where:
        drawn = _map(visit, spoken)
    with who:
        _channels(visit, head.stage, spoken)
    _numbers(visit, head.stage, spoken)
    st.caption(
        "What it cannot tell: a cell of the last maps has looked at a part of the photo much larger than itself, so the evidence "
        "lies where the network put it together, not on exact pixels. “Trace to pixels” goes on from here."
    )
    trust(visit, drawn)


def _by(visit: Visit, tools: Tools) -> NDArray[np.float64]:
    """The map that a network with the same graph, but perhaps other weights, gives."""
    assert tools.head is not None
    return speakers(tools.head, tools.network.trace(visit.prepared), visit.asked).map


def _map(visit: Visit, spoken: Speakers) -> Map:
    st.markdown("**Where**: green spoke for it, purple against")
    drawn = Map("evidence", f"Evidence for {title(visit)} on {visit.photo_title}", unit(visit), partial(_by, visit))
    shown = show(visit, drawn, spoken.map)
    st.caption(
        f"The {spoken.map.size} cells and the bias add up to {score(visit)}: "
        f"{words.addition(float(spoken.map.sum()), spoken.bias)}. ONNX Runtime's own value differs by "
        f"{words.tiny(spoken.score - value(visit))}."
    )
    arrays = {
        "values": Quantity(spoken.values, "what each cell of each channel of the last maps adds to the score"),
        "bias": Quantity(np.array(spoken.bias), "added to the sum of the values"),
        "score": Quantity(np.array(spoken.score), "logit, or difference of two logits"),
    }
    downloads(visit, Saved("evidence", "Evidence of the last maps, cell by cell"), lambda: [on_photo(shown)], arrays)
    return drawn


def _channels(visit: Visit, stage: Stage, spoken: Speakers) -> None:
    st.markdown(f"**Which channels**: {_who(visit, spoken)}", help=_CHANNEL_HELP)
    ends: list[float] = []
    for label, channels in (("for", spoken.pro), ("against", spoken.contra)):
        if not channels:
            continue
        scale = scale_of(spoken.values[list(channels[:LOUDEST])], "evidence")
        ends.append(scale.high)
        tiles = [
            Tile(
                channel,
                f"channel {channel}",
                f"{signed(spoken.totals[channel])} in all",
                f"adds {signed(spoken.totals[channel])}, strongest {words.place(np.abs(spoken.values[channel]))}",
                spoken.values[channel].astype(np.float32),
                scale,
            )
            for channel in channels[:LOUDEST]
        ]
        st.caption(f"Loudest {label} {subject(visit)}{_other_scale(ends)}; choose one to see how its numbers are made")
        key = state.component_key(f"channels-{label}", visit)
        maps(
            tiles,
            key=key,
            label=f"Channels that spoke {label} {title(visit)}",
            size=72,
            layout="strip",
            legend=scale,
            on_choose=state.taken(key, "chosen", lambda channel: open_channel(visit, stage.tensor, channel)),
        )
    to_switches = partial(_open_switches, visit, stage)
    st.button("Prove it: switch channels off", icon=":material/toggle_off:", on_click=to_switches)


def _other_scale(ends: Sequence[float]) -> str:
    """What is to be said of the last of several scales that would make weak maps look like strong ones. ends: their ends."""
    times = ends[0] / ends[-1]
    return f", drawn {times:.0f} times stronger" if times >= 2 else ""


def _open_switches(visit: Visit, stage: Stage) -> None:
    state.select(layer=layer_of(visit, stage).name, view="switches")


def _who(visit: Visit, spoken: Speakers) -> str:
    if not spoken.pro:
        return f"none spoke for {subject(visit)}"
    gains = spoken.totals[list(spoken.pro)]
    needed = int(np.searchsorted(gains.cumsum(), gains.sum() / 2)) + 1
    return (
        f"{len(spoken.pro)} spoke for {subject(visit)}, {len(spoken.contra)} against. Channel **{spoken.pro[0]}** is the "
        f"loudest, {signed(gains[0])}; {needed} of {len(gains)} carry half of what speaks for it."
    )


def _numbers(visit: Visit, stage: Stage, spoken: Speakers) -> None:
    box = st.expander("Show me the numbers: every channel", key="every_channel", on_change="rerun")
    if not box.open:
        return
    activations = visit.trace.values(stage)
    rows = [
        [
            Cell(f"channel {channel}", channel),
            Cell(signed(total), total),
            Cell(words.number(float(activations[channel].mean())), float(activations[channel].mean())),
        ]
        for channel, total in enumerate(map(float, spoken.totals))
    ]
    with box:
        key = state.component_key("speakers", visit)
        headings = ("Channel", f"adds to {score_title(visit)}", "mean activation")
        table(headings, rows, key=key, label="Every channel", sorted_by=1, largest_first=(1, 2))


_CHANNEL_HELP = (
    "Each channel of the last maps looks for something of its own. Its cells are multiplied by the class's weight for this "
    "channel and averaged: that is what it adds to the score."
)
