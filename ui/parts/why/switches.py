"""The switchboard: a gain on every channel of a layer, and what the answer depends on."""

import hashlib
import math
from collections.abc import Mapping

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from convoscope import words
from convoscope.figure import Panel
from convoscope.graph.reading import GraphError
from convoscope.layers import Stage
from convoscope.network import Prediction
from convoscope.render import colour, scale_of
from convoscope.why.switches import Dependence
from ui import state
from ui.components.bars import bars
from ui.components.switches import Board, Channel
from ui.components.switches import switches as switch_list
from ui.components.table import Cell, table
from ui.parts.layer import layer_of, one_layer, short_title
from ui.parts.why.downloads import Quantity, Saved, downloads, enlarged
from ui.parts.why.score import name, score, signed, unit
from ui.visit import Visit

_THUMBNAIL = 32  # cells along the longer side, at most
_THUMBNAILS = 2**17  # cells of all of them together, at most
_SAVED = 160  # pixels, about, of a map in the saved picture
MOST = 8  # channels in it

Gains = Mapping[str, NDArray[np.float32]]  # (1, C), of each tensor that has one that is not 1


def switches(visit: Visit) -> None:
    try:
        board = visit.tools.switchboard
    except GraphError as failure:
        st.markdown(f"**No switches for this network**: {words.plain(str(failure))}.")
        return
    if not board.stages:
        st.markdown("This network has a single layer, which gives the scores: there is nothing before it to switch off.")
        return
    stages = {layer_of(visit, stage).name: stage for stage in board.stages}
    stage = stages[one_layer(visit, tuple(stages))]
    gains = _gains(visit, stages)
    depends = _dependence(visit, stage, {tensor: each for tensor, each in gains.items() if tensor != stage.tensor})
    st.markdown(_sentence(visit, stage, depends, switched=bool(gains.keys() - {stage.tensor})))
    bars_side, switches_side = st.columns([1, 1.9], gap="medium")
    with bars_side:
        _bars(visit, gains)
    with switches_side:
        _switches(visit, stages, stage, depends)
    _numbers(visit, stage, depends)
    drops = depends.drops(visit.asked)
    arrays = {
        "drops": Quantity(drops, "how far the score falls with each channel silent, logits"),
        "logits": Quantity(depends.logits, "with all channels of this layer as they are, by class"),
        "without": Quantity(depends.without, "logits with each channel silent, channel by class"),
    }
    arrays |= {f"gains {tensor}": Quantity(gains[0], "gain by channel, as switched") for tensor, gains in gains.items()}
    layer = short_title(layer_of(visit, stage))
    saved = Saved(f"switches-{stage.tensor}", f"Maps of the channels of {layer} without which the score falls most")
    downloads(visit, saved, lambda: _panels(visit, stage, depends), arrays)
    st.caption(
        "What it cannot tell: channels stand in for each other. One that changes nothing alone may matter together with others, "
        "so switch several off, in several layers. And a silent channel is a state the network never met in training. The small "
        "maps are those of the photo with every switch on."
    )


def _gains(visit: Visit, stages: Mapping[str, Stage]) -> Gains:
    """What the visitor has switched. stages: by the name of their layer."""
    turned = (visit.selection.switches or {}).items()
    return {stages[layer].tensor: _row(own, stages[layer].shape[0]) for layer, own in turned}


def _row(turned: Mapping[str, float], channels: int) -> NDArray[np.float32]:
    return np.array([[turned.get(str(channel), 1) for channel in range(channels)]], np.float32)


def _dependence(visit: Visit, stage: Stage, elsewhere: Gains) -> Dependence:
    """With the other layers as they are switched: the order of this one's channels stays while they are turned."""
    photo, tools = visit.prepared.tensor, visit.tools
    held = hashlib.sha256(b"".join(tensor.encode() + gains.tobytes() for tensor, gains in elsewhere.items())).hexdigest()

    def find() -> Dependence:
        return tools.switchboard.without_each(photo, stage, elsewhere) if elsewhere else tools.leave_one_out(stage).of(photo)

    with st.spinner("Leaving out one channel after the other …"):
        return visit.once(("dependence", stage.tensor, held), find)


def _bars(visit: Visit, gains: Gains) -> None:
    now = visit.network.prediction(visit.tools.switchboard.answer(visit.prepared.tensor, gains)[0])
    st.markdown(_moved(visit, now))
    key = state.component_key("switched-bars", visit)
    take = state.taken(key, "chosen", lambda index: state.select(answer=index))
    bars(now.answers, visit.asked.index, key=key, on_choose=take)


def _switches(visit: Visit, stages: Mapping[str, Stage], stage: Stage, depends: Dependence) -> None:
    layer, maps = layer_of(visit, stage), _maps(visit, stage)
    side = min(_THUMBNAIL, math.isqrt(_THUMBNAILS // len(maps)) or 1)
    stride = -(-max(maps.shape[1:]) // side)
    drops = depends.drops(visit.asked)
    notes = [f"{signed(-float(drop))} without it" for drop in drops]
    channels = [
        Channel(channel, maps[channel, ::stride, ::stride], notes[channel], supports=bool(drops[channel] > 0))
        for channel in depends.ranked(visit.asked)
    ]
    titles = {name: short_title(layer_of(visit, each)) for name, each in stages.items()}
    model = visit.selection.model
    key = f"switches-{model}-{state.times_followed()}"  # one board for all layers and photos of a network
    switch_list(
        Board(layer.name, titles, channels, scale_of(maps, stage.palette)),
        state.as_first_shown((key,), visit.selection.switches or {}),
        key=key,
        label=f"Switches of {layer.title}, the channel that the answer depends on most first",
        on_gains=state.taken(key, "gains", lambda turned: state.keep_gains(model, turned)),
        on_layer=state.taken(key, "layer", lambda name: state.select(layer=name)),
    )


def _maps(visit: Visit, stage: Stage) -> NDArray[np.float32]:
    """float32 (C, H, W), with 1 × 1 for what has no place."""
    values = visit.trace.values(stage)
    return values if values.ndim == 3 else values[:, None, None]


def _sentence(visit: Visit, stage: Stage, depends: Dependence, switched: bool) -> str:
    """switched: whether channels of other layers are."""
    drops = depends.drops(visit.asked)
    most = depends.ranked(visit.asked)[0]
    layer = words.plain(layer_of(visit, stage).title.lower())
    begin = "With the other layers as you switched them: of" if switched else "Of"
    if drops[most] <= 0:
        return f"No single channel of {layer} holds up {score(visit)}: it falls without none of the {len(drops)}."
    turning = depends.turning
    tail = "No single one turns the answer."
    if turning:
        tail = f"Without any one of {len(turning)} channels another class wins."
        if len(turning) == 1:
            winner = int(depends.without[turning[0]].argmax())
            tail = f"Without channel {turning[0]} alone the answer is {name(visit, winner)}."
    return (
        f"{begin} the {len(drops)} channels of {layer}, {score(visit)} depends most on channel **{most}**: without it, it falls "
        f"by **{words.number(float(drops[most]))}**. {tail}"
    )


def _moved(visit: Visit, now: Prediction) -> str:
    """How probable the classes asked about have become: they need not be among the bars."""
    before, shares = visit.prediction, []
    for asked in (visit.asked.index, visit.asked.against):
        if asked is not None:
            was, is_now = (words.percent(float(each.probabilities[asked])) for each in (before, now))
            shares.append(f"**{name(visit, asked)}** {is_now}" + ("" if was == is_now else f", before {was}"))
    told = f"With the switches as they are: {'; '.join(shares)}."
    if now.best.index == before.best.index:
        return told
    return f"The answer has changed to **{name(visit, now.best.index)}**. {told}"


def _numbers(visit: Visit, stage: Stage, depends: Dependence) -> None:
    box = st.expander("Show me the numbers: every channel left out", key="every_switch", on_change="rerun")
    if not box.open:
        return
    drops, asked = depends.drops(visit.asked), visit.asked.index
    shares = visit.network.probabilities(depends.without)
    classes = visit.network.card.classes
    wins = [classes[index] for index in depends.without.argmax(1)]
    rows = [
        [
            Cell(f"channel {channel}", channel),
            Cell(words.number(float(drops[channel])), float(drops[channel])),
            Cell(words.percent(float(shares[channel, asked])), float(shares[channel, asked])),
            Cell(wins[channel], wins[channel]),
        ]
        for channel in range(len(drops))
    ]
    headings = ("Channel", "the score falls by", f"{classes[asked]} then", "wins then")
    with box:
        key = f"{state.component_key('left-out', visit)}-{stage.tensor}"
        table(headings, rows, key=key, label="Left out", sorted_by=1, largest_first=(1,))


def _panels(visit: Visit, stage: Stage, depends: Dependence) -> list[Panel]:
    """The maps of the channels that the answer depends on most, on one scale."""
    maps, drops = _maps(visit, stage), depends.drops(visit.asked)
    scale = scale_of(maps, stage.palette)
    return [
        Panel(
            enlarged(colour(maps[channel], scale), _SAVED),
            f"channel {channel}",
            scale,
            f"activation; {signed(-float(drops[channel]))} {unit(visit)} without it",
        )
        for channel in depends.ranked(visit.asked)[:MOST]
    ]
