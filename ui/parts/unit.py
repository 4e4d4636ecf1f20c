"""How one number is made: any cell of any channel of any stage."""

import math
from collections.abc import Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from convoscope import words
from convoscope.arithmetic import Largest, Recipe, Softmax, Source, Unary
from convoscope.graph.reading import GraphError
from convoscope.layers import Stage
from convoscope.receptive import receptive_fields
from convoscope.recipe import Workings
from convoscope.render import Palette, Scale, scale_of
from convoscope.strength import peaks, strongest_first
from ui import state
from ui.components.unit import Channel, Step, View, unit
from ui.parts.channel import about_channel, about_factor
from ui.parts.layer import step_title
from ui.parts.layer_maps import STEP_HELP
from ui.parts.shares import shares
from ui.visit import Visit

_COLOURS = {3: ("red", "green", "blue"), 1: ("grey",)}
_THUMBNAIL = 32  # cells along the longer side, at most
_THUMBNAILS = 2**17  # cells of all of them together, at most
_OFF_THE_BORDER = "Below is its strongest cell off the border."


def unit_choice(visit: Visit) -> None:
    """Which step of the layer, where it has several."""
    titles = visit.layer.step_titles
    if len(titles) > 1:
        st.segmented_control(
            "Step",
            tuple(titles),
            format_func=titles.__getitem__,
            required=True,
            help=STEP_HELP,
            **state.bound("stage", _stage(visit).tensor),
        )


def one_unit(visit: Visit) -> None:
    """The arithmetic of the chosen channel, cell by cell."""
    stage, workings = _stage(visit), Workings(visit.network, visit.prepared, visit.trace)
    channel = _channel(visit, stage, workings)
    try:
        recipe = workings.recipe(stage, channel)
    except GraphError as failure:
        st.markdown(f"How this number is made cannot be shown yet: {words.plain(str(failure))}.")
        return
    key = f"unit-{visit.selection.model}"
    height, width = recipe.values.shape
    view = (state.component_key("unit", visit), visit.crop, stage, channel)
    first = state.as_first_shown(view, visit.selection.cell)
    cell = _strongest(recipe.values) if first is None else (min(first[0], height - 1), min(first[1], width - 1))
    if len(stage.shape) == 3 and not _is_of_classes(visit, stage):
        said = about_channel(visit, stage, workings.maps(stage.tensor), channel), about_factor(visit, workings, stage, channel)
        inner = _OFF_THE_BORDER if first is None and recipe.values[cell] < recipe.values.max() else ""
        st.markdown(" ".join(filter(None, (*said, inner))))
    unit(
        _view(visit, workings, stage, channel, recipe, cell, first is not None),
        key=key,
        on_cell=state.taken(key, "cell", lambda at: _pin(visit, at, channel)),
        on_channel=state.taken(key, "channel", lambda index: state.select(channel=index)),
    )
    if _is_of_classes(visit, stage):
        shares(visit)


def _pin(visit: Visit, cell: Sequence[int] | None, channel: int) -> None:
    """A pinned cell is one of its channel: another photo does not bring another channel."""
    state.select(cell=tuple(cell) if cell else None, channel=channel if cell else visit.selection.channel)


def _view(
    visit: Visit, workings: Workings, stage: Stage, channel: int, recipe: Recipe, cell: tuple[int, int], pinned: bool
) -> View:
    sources = recipe.sources if hasattr(recipe, "sources") else (recipe.source,)
    origin = sources[0].tensor
    is_input = origin == workings.input
    colours = _COLOURS[visit.network.card.preprocessing.channel_count] if is_input else None
    count = len(sources)
    return View(
        unit=_name(visit, stage, channel),
        inputs=f"{count} {'colour' if is_input else 'map'}{'' if count == 1 else 's'}",
        noun="map" if recipe.values.size > 1 or len(sources) < 2 else "channel",
        step=_step(workings, stage, recipe),
        labels=_labels(visit, sources, colours, workings.multiplier(stage) is not None),
        source_scale=scale_of(workings.maps(origin), _palette(workings, origin)),
        averaged=workings.pictures(recipe),
        next=_what_follows(visit, workings, stage, channel),
        channels=_channels(workings, stage) if not _is_of_classes(visit, stage) else (),
        chosen_channel=channel,
        fields=receptive_fields(visit.network, stage, channel),
        picture=visit.prepared.resized,
        photo_title=visit.photo_title.capitalize(),
        cell=cell,
        pinned=pinned,
    )


def _stage(visit: Visit) -> Stage:
    """The chosen step of the layer, or the one with its weights."""
    stages = visit.layer.stages
    chosen = next((stage for stage in stages if stage.tensor == visit.selection.stage), None)
    return chosen or visit.layer.weighted


def _channel(visit: Visit, stage: Stage, workings: Workings) -> int:
    maps = workings.maps(stage.tensor)
    if _is_of_classes(visit, stage):
        return visit.answer
    chosen = visit.selection.channel
    return chosen if chosen is not None and chosen < len(maps) else int(strongest_first(maps)[0])


def _is_of_classes(visit: Visit, stage: Stage) -> bool:
    """Whether its numbers are the classes' scores or shares."""
    return stage.tensor == visit.network.logits_name or stage.operator == "Softmax"


def _strongest(values: NDArray[np.float32]) -> tuple[int, int]:
    """The cell to begin with: the highest value off the border, where the window reads padding; in a smaller map of all."""
    rim = 1 if min(values.shape) > 2 else 0
    inner = values[rim : values.shape[0] - rim, rim : values.shape[1] - rim]
    y, x = np.unravel_index(int(inner.argmax()), inner.shape)
    return int(y) + rim, int(x) + rim


def _name(visit: Visit, stage: Stage, channel: int) -> str:
    place = visit.layer.title.lower()
    if stage.tensor != visit.layer.name:
        place += f" after {visit.layer.step_titles[stage.tensor]}"
    if stage.tensor == visit.network.logits_name:
        return f"the logit of “{visit.network.card.classes[channel]}”"
    if stage.operator == "Softmax":
        return f"the share of “{visit.network.card.classes[channel]}”"
    return f"{'channel' if len(stage.shape) == 3 else 'number'} {channel} of {place}"


def _labels(visit: Visit, sources: Sequence[Source], colours: Sequence[str] | None, named: bool) -> list[str]:
    """What the terms' maps are called. colours: the names of the input's channels, if they are those. named: with their layer."""
    if colours:
        return [colours[source.channel] for source in sources]
    named = named or len({source.tensor for source in sources}) > 1
    return [
        f"{step_title(visit, source.tensor)}, channel {source.channel}" if named else f"channel {source.channel}"
        for source in sources
    ]


def _palette(workings: Workings, tensor: str) -> Palette:
    return next((stage.palette for stage in workings.network.stages if stage.tensor == tensor), "signed")


def _scale(workings: Workings, stage: Stage) -> Scale:
    return scale_of(workings.maps(stage.tensor), stage.palette)


def _step(workings: Workings, stage: Stage, recipe: Recipe) -> Step:
    return Step(recipe, stage.title, _rule(stage, recipe), _scale(workings, stage))


def _rule(stage: Stage, recipe: Recipe) -> str:
    return stage.title if isinstance(recipe, Unary | Softmax) else ""


def _what_follows(visit: Visit, workings: Workings, stage: Stage, channel: int) -> list[Step]:
    """The steps of the same layer that the value goes through one by one: ReLU, max pooling."""
    stages = visit.layer.stages
    found: list[Step] = []
    for following in stages[stages.index(stage) + 1 :]:
        if len(following.shape) != 3 or following.shape[0] != stage.shape[0]:
            break
        try:
            recipe = workings.recipe(following, channel)
        except GraphError:
            break
        if not isinstance(recipe, Unary | Largest) or recipe.source != Source(stage.tensor, channel):
            break
        scale = _scale(workings, stage) if isinstance(recipe, Largest) else _scale(workings, following)
        found.append(Step(recipe, following.title, _rule(following, recipe), scale))
        stage = following
    return found


def _channels(workings: Workings, stage: Stage) -> list[Channel]:
    maps = workings.maps(stage.tensor)
    side = min(_THUMBNAIL, math.isqrt(_THUMBNAILS // len(maps)) or 1)
    stride = -(-max(maps.shape[1:]) // side)
    heights = peaks(maps)
    return [
        Channel(int(index), f"strongest {words.number(heights[index])}", maps[index, ::stride, ::stride])
        for index in strongest_first(maps)
    ]
