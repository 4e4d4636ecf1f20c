"""Chapter 6: again and again."""

import streamlit as st

from convoscope import words
from convoscope.layers import Layer, Stage
from convoscope.network import Network
from convoscope.receptive import Fields, receptive_fields
from convoscope.render import scale_of
from convoscope.strength import strongest_first
from ui import state
from ui.components.fields import Field, fields
from ui.components.pictures import Picture
from ui.kept import kept
from ui.links import UNIT
from ui.parts.tour.prose import prose
from ui.parts.tour.question import Question
from ui.visit import Visit

CODE = (receptive_fields,)


def draw(visit: Visit) -> None:
    seen = [(layer, stage, _fields(visit, stage)) for layer, stage in _steps(visit)]
    if not seen:
        prose("This network has no maps.")
        return
    middles = [each.seen(stage.shape[1] // 2, stage.shape[2] // 2) for _, stage, each in seen]
    first, most = middles[0], max(middles, key=lambda box: box.height * box.width)
    prose(
        "The next layer does the same again, but it no longer looks at the photo: it looks at the maps of the layer before. So "
        f"one cell sees more of the photo, layer by layer: its **receptive field** grows from {first.height} × {first.width} "
        f"pixels in the first step to **{most.height} × {most.width}**, of {visit.prepared.resized.shape[0]} × "
        f"{visit.prepared.resized.shape[0]}."
    )
    prose("Go deeper with the slider, and move over the photo or the map.")
    key = state.component_key("fields", visit)

    def opened(place: tuple[int, int, int]) -> None:
        step, row, column = place
        layer, stage, _ = seen[step]
        state.select(layer=layer.name, stage=stage.tensor, channel=_strongest(visit, stage), cell=(row, column))
        state.go_to(UNIT)

    fields(
        Picture(visit.prepared.resized),
        [_field(visit, layer, stage, each) for layer, stage, each in seen],
        key=key,
        label=f"{visit.photo_title}, with what one cell sees of it. Arrow keys move the cell",
        on_open=state.taken(key, "opened", opened),
    )
    st.caption(
        "At the border the window is cut off: there the cell sees less. Pooling does not add much by itself, but every later "
        "step counts double."
    )


def question(visit: Visit) -> Question:
    size = visit.prepared.resized.shape[0]
    steps = _steps(visit)
    shares = [_share(_fields(visit, stage), stage) for _, stage in steps]
    right = next((at for at, share in enumerate(shares) if share > 0.5), len(steps))
    titles = [_title(layer, stage) for layer, stage in steps]
    shown = sorted({0, len(steps) // 2, len(steps) - 1, right} & set(range(len(steps))))
    seen = f"{words.percent(shares[-1])} in the last step" if shares else "there are no maps"
    return Question(
        f"After which step does a cell in the middle first see more than half of the photo's {size} × {size} pixels?",
        (*(titles[at] for at in shown), "None of them"),
        right=shown.index(right) if right in shown else len(shown),
        why=f"There it sees {words.percent(shares[right])}; {seen}." if right in shown else f"It sees {seen}.",
    )


def _steps(visit: Visit) -> list[tuple[Layer, Stage]]:
    """Each layer's convolution, and each step that changes the size of the maps."""
    found: list[tuple[Layer, Stage]] = []
    for layer in visit.network.layers:
        for stage in layer.map_stages:
            if not found or layer is not found[-1][0] or stage.shape[1:] != found[-1][1].shape[1:]:
                found.append((layer, stage))
    return found


def _fields(visit: Visit, stage: Stage) -> Fields:
    channel = _strongest(visit, stage)
    return _found((visit.network.key, stage.tensor, channel), visit.network, stage, channel)


@kept(entries=256)
def _found(_key: tuple[str, str, int], network: Network, stage: Stage, channel: int) -> Fields:
    return receptive_fields(network, stage, channel)


def _strongest(visit: Visit, stage: Stage) -> int:
    return int(strongest_first(visit.trace.values(stage))[0])


def _share(each: Fields, stage: Stage) -> float:
    """How much of the photo the cell in the middle sees."""
    box = each.seen(stage.shape[1] // 2, stage.shape[2] // 2)
    return box.height * box.width / each.size**2


def _title(layer: Layer, stage: Stage) -> str:
    return layer.title if stage is layer.map_stages[0] else f"{stage.title.capitalize()} after {layer.title.lower()}"


def _field(visit: Visit, layer: Layer, stage: Stage, each: Fields) -> Field:
    values = visit.trace.values(stage)
    scale = scale_of(values, stage.palette)
    return Field(_title(layer, stage), Picture(values[_strongest(visit, stage)], scale), each.rows, each.columns)
