"""A network at a moment of its training, beside what it became: answers, kernels, maps."""

import streamlit as st

from convoscope import words
from convoscope.card import ModelError
from convoscope.kernels import kernels
from convoscope.network import Answer
from convoscope.render import scale_of
from convoscope.strength import strongest_first
from ui import state
from ui.components.bars import bars
from ui.components.maps import Tile, maps
from ui.components.player import player
from ui.parts.kernel_tiles import kernel_tiles
from ui.parts.layer import layer_choice
from ui.visit import Visit

COMPARED = 8  # channels shown of both moments


def moment(visit: Visit) -> Visit | None:
    """The slider through training and what happened to the answer; returns the visit as it was at the moment chosen."""
    try:
        course = visit.course
    except ModelError as failure:
        st.warning(words.plain(str(failure)), icon=":material/warning:")
        return None
    if not course:
        st.markdown("Of this network's training no moments were kept, so it cannot be replayed.")
        return None
    steps = tuple(course)
    st.markdown(_story(visit, course))
    key = state.component_key("player", visit)
    player(
        ["at the start" if step == 0 else f"after step {step:,}" for step in steps],
        steps.index(visit.step),
        followed=state.times_followed(),
        key=key,
        label="Moment of training",
        on_choose=state.taken(key, "chosen", lambda at: state.select(step=steps[at])),
    )
    return visit.at_its_step


def answers(then: Visit, visit: Visit) -> None:
    for column, each, title in zip(st.columns(2, gap="medium"), (then, visit), _titles(visit), strict=True):
        with column, st.container(border=True):
            st.markdown(f"**{title}**: {_accuracy(each, visit)}")
            key = state.component_key("bars", each)
            bars(
                each.prediction.answers,
                visit.answer,
                key=f"{key}-{title}",
                on_choose=state.taken(f"{key}-{title}", "chosen", lambda index: state.select(answer=index)),
            )


def first_kernels(then: Visit, visit: Visit) -> None:
    layer = visit.network.layers[0]
    if kernels(visit.network, layer) is None:
        return
    with st.container(border=True):
        st.markdown(
            f"**The kernels of {words.plain(layer.title)}**, which looks at the photo itself",
            help="A kernel is the small grid of weights that a convolution multiplies each window of its input with. In colour: "
            "grey is zero; each on its own scale, with its largest weight below.",
        )
        for column, each, title in zip(st.columns(2, gap="medium"), (then, visit), _titles(visit), strict=True):
            with column:
                st.caption(title)
                maps(kernel_tiles(each), key=f"kernels-{title}", label=f"Kernels, {title.lower()}", size=40, layout="strip")


def layer_maps(then: Visit, visit: Visit) -> None:
    with st.container(border=True):
        st.markdown(f"**What a layer made of {visit.photo_title}**, then and in the end: its strongest channels of the end")
        layer_choice(visit)
        stage = visit.stage
        if stage is None:
            st.caption(f"{words.plain(visit.layer.title)} has no maps.")
            return
        last = visit.trace.values(stage)
        channels = [int(channel) for channel in strongest_first(last)[:COMPARED]]
        for column, each, title in zip(st.columns(2, gap="medium"), (then, visit), _titles(visit), strict=True):
            values = each.trace.values(stage)[channels]
            scale = scale_of(values, stage.palette)
            tiles = [
                Tile(channel, f"channel {channel}", words.number(value.max()), words.map_text(value), value, scale)
                for channel, value in zip(channels, values, strict=True)
            ]
            with column:
                st.caption(title)
                maps(
                    tiles,
                    key=f"then-maps-{title}",
                    label=f"Activation maps, {title.lower()}",
                    size=96,
                    layout="strip",
                    legend=scale,
                )


def _story(visit: Visit, course: dict[int, Answer]) -> str:
    """When the answer for this photo became what it is (Markdown)."""
    steps = list(course)
    first, last = course[steps[0]], course[steps[-1]]
    since = next(step for at, step in enumerate(steps) if all(course[later].index == last.index for later in steps[at:]))
    begun = (
        f"At the start it took {visit.photo_title} for {words.plain(first.name)} ({words.percent(first.probability)}): a guess."
    )
    if since == steps[0]:
        begun = f"At the start it guessed {words.plain(first.name)} ({words.percent(first.probability)})."
    now = f"In the end it says **{words.plain(last.name)}** ({words.percent(last.probability)})"
    if since == steps[-1] and len(steps) > 1:
        before = f"at step {steps[-2]:,} of {steps[-1]:,}"
        other = f"it said {words.plain(course[steps[-2]].name)}"
        earlier = [step for step in steps[1:-1] if course[step].index == last.index]
        if earlier:
            return f"{begun} {now}. It had said so at step {earlier[-1]:,} already, but {before} {other}."
        return f"{begun} {now}, and only then: {before}, the last moment kept before, {other}."
    held = "all along, from the start" if since == 0 else f"at each moment kept since step {since:,}"
    return f"{begun} {now}, and has said so {held} of {steps[-1]:,}."


def _titles(visit: Visit) -> tuple[str, str]:
    return ("At the start" if visit.step == 0 else f"After step {visit.step:,}"), "In the end"


def _accuracy(each: Visit, visit: Visit) -> str:
    evaluation = visit.report.evaluation
    step = visit.step if each is not visit else max(visit.course)
    found = next((moment for moment in evaluation.moments if moment.step == step), None) if evaluation else None
    if found is None:
        return "accuracy not measured"
    said, results = f"right for {words.percent(found.top1)} of {found.pictures:,} test pictures", visit.network.card.results
    if each is visit and results and results.pictures > found.pictures:
        said += f"; of all {results.pictures:,} it is {words.percent(results.top1.value)}"
    return said
