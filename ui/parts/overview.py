"""The network at a glance: input to output on one screen, with what feeds what."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from convoscope import words
from convoscope.overview import CHANNELS, Column, columns, foldable, reduced
from convoscope.render import colour
from convoscope.strength import RESPONSE
from ui import state
from ui.components.overview import Edge, Fold, Group, Outcome, Tile, overview
from ui.links import UNIT
from ui.parts.kernels import COLOURS
from ui.parts.layer import short_title
from ui.parts.scales import TITLES, scales
from ui.visit import Visit

FINENESS = (128, 96, 72, 56, 40)  # cells on a side that are sent of a map: a tile is 36 to 64 pixels wide, or twice as many
PICTURES = 2_800_000  # bytes of all tiles together: with words and edges it stays below 4 MiB
PHOTO = "photo"
_STEPS = {"Relu": "ReLU", "MaxPool": "pooling", "AveragePool": "pooling", "GlobalAveragePool": "average", "ReduceMean": "average"}
_ALL = 0.9999  # from this share on, that is all that comes in


@dataclass(frozen=True)
class _Named:
    """A column's name over it and in a sentence, how many channels it has, and which are shown."""

    title: str
    name: str
    count: int
    shown: tuple[int, ...]

    def channel(self, channel: int) -> str:
        if self.name != PHOTO:
            return f"{self.name}, channel {channel}"
        return f"{self.name}, {COLOURS[channel]}" if self.count == len(COLOURS) else self.name


Names = dict[str, _Named]  # by the column's tensor


def glance(visit: Visit) -> None:
    """What unfolds ReLU and pooling of all layers, and the picture."""
    layers, unfolded = foldable(visit.network), state.unfolded()
    folds = bool(unfolded & set(layers))
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="glance"):
        st.markdown(_sentence(visit), help=_HELP, width="content")
        if layers:
            label = f"{'Fold' if folds else 'Unfold'} all layers"
            st.button(label, on_click=state.unfold, args=((),) if folds else (layers,), help=_FOLD_HELP)
    made = columns(visit.network, visit.prepared, visit.trace, unfolded)
    names = _names(made)
    photo, *inner, answers = made
    key = state.component_key("overview", visit)
    finest = _finest(made)
    overview(
        [_photo(visit, photo, finest), *(_group(visit, names, column, finest) for column in inner)],
        _outcomes(visit, names, answers),
        _edges(made),
        key=key,
        label=f"{visit.network.card.title}, from the photo to {len(answers.values)} classes. Arrow keys move, Enter opens a map",
        note=f"the {CHANNELS} strongest channels of each layer, + how many more it has"
        if any(each.left_out for each in inner)
        else "every channel",
        more=f"+ {answers.left_out}" if answers.left_out else "",
        scales=TITLES,
        scale=visit.selection.scale,
        on_choose=state.taken(key, "chosen", lambda target: open_channel(visit, *target)),
        on_scale=state.taken(key, "scaled", lambda scale: state.select(scale=scale)),
        on_fold=state.taken(key, "folded", lambda layer: state.unfold(unfolded ^ {layer})),
    )


def _sentence(visit: Visit) -> str:
    numbers, with_maps = visit.prepared.tensor.size, sum(bool(layer.map_stages) for layer in visit.network.layers)
    layers = "one layer" if with_maps == 1 else f"{with_maps} layers"
    best = words.plain(visit.prediction.best.name)
    return f"**The network at a glance**: from {numbers:,} numbers, through {layers} of maps, to **{best}**"


def open_channel(visit: Visit, tensor: str, channel: int) -> None:
    """Chooses this step of a layer and this channel of it, and asks for the page that shows how it is made."""
    layer = next(each for each in visit.network.layers if tensor in (stage.tensor for stage in each.stages))
    state.select(layer=layer.name, stage=tensor, channel=channel)
    state.go_to(UNIT)


def _finest(made: Sequence[Column]) -> int:
    """How many cells of a map's side there is room for."""

    def size(limit: int) -> int:
        return sum(3 * len(column.channels) * reduced(column.values[:1], limit).size for column in made)

    return next((limit for limit in FINENESS if size(limit) <= PICTURES), FINENESS[-1])


def _photo(visit: Visit, column: Column, finest: int) -> Group:
    pixels = visit.prepared.resized
    tiles = []
    for channel in column.channels:
        one = pixels[..., channel]
        small = reduced(one[None].astype(np.float32), finest)[0].round().astype(np.uint8)
        name = COLOURS[channel] if pixels.shape[2] == len(COLOURS) else "grey"
        text = f"What the network sees of {visit.photo_title}.\nPixel values from {one.min()} to {one.max()}, of 0 to 255."
        tiles.append(Tile(f"photo, {name}", text, small[..., None].repeat(3, 2), name))
    return Group(PHOTO, _size(column), "", None, tiles)


def _group(visit: Visit, names: Names, column: Column, finest: int) -> Group:
    assert column.stage
    of_each, named = scales(visit, column.stage, column.values), names[column.tensor]
    shown = visit.stage.tensor if visit.stage else None
    tiles = []
    for channel, cells in zip(column.channels, reduced(column.values[list(column.channels)], finest), strict=True):
        values = column.values[channel]
        tiles.append(
            Tile(
                named.channel(channel),
                f"{_values(values)}\n{_fed(names, column, channel)}".strip(),
                colour(cells, of_each[channel]),
                "" if column.stage.is_maps else words.number(values.item()),
                (column.tensor, channel) if column.stage.is_maps else None,
                (column.tensor, channel) == (shown, visit.selection.channel),
            )
        )
    more = f"+ {column.left_out}" if column.left_out else ""
    scale = None if visit.selection.scale == "map" else of_each[0]
    joined, layer = named.title != named.name, column.layer.name if column.layer else ""
    fold = Fold(layer, layer in state.unfolded()) if layer in foldable(visit.network) and not joined else None
    return Group(named.title, _size(column), more, scale, tiles, joined, fold)


def _outcomes(visit: Visit, names: Names, column: Column) -> list[Outcome]:
    outcomes = []
    for answer in visit.prediction.answers[: len(column.channels)]:
        share = words.percent(answer.probability)
        text = f"{share}, logit {words.number(answer.logit)}.\n{_fed(names, column, answer.index)}".strip()
        outcomes.append(Outcome(answer.name, answer.probability, share, text))
    return outcomes


def _edges(made: Sequence[Column]) -> list[Edge]:
    """Between all channels that are shown, where anything flows."""
    shown = [(column.tensor, channel) for column in made for channel in column.channels]
    places = {each: place for place, each in enumerate(shown)}
    channels = {column.tensor: column.channels for column in made}
    edges = []
    for column in made:
        for tensor, flow in column.flows.items():
            for row, channel in enumerate(column.channels):
                for source in channels[tensor]:
                    weight = float(flow.weights[row, source])
                    if weight:
                        ends = places[tensor, source], places[column.tensor, channel]
                        edges.append(Edge(*ends, weight, bool(flow.nets[row, source] < 0)))
    return edges


def _fed(names: Names, column: Column, channel: int) -> str:
    """What drives a channel most, what holds it back most, and how much of it all comes from channels that are shown."""
    row = column.channels.index(channel)
    driving: list[tuple[float, str]] = []
    holding: list[tuple[float, str]] = []
    for tensor, flow in column.flows.items():
        weights, held = flow.weights[row], flow.nets[row] < 0
        for found, some in ((driving, np.where(held, 0, weights)), (holding, np.where(held, weights, 0))):
            at = int(some.argmax())
            if some[at] > 0:
                found.append((float(some[at]), names[tensor].channel(at)))
    if any(weight > _ALL for weight, _ in driving):
        return f"Made of {driving[0][1]}."
    said = [
        f"{how} most by {name} ({words.percent(weight)})"
        for how, found in (("driven", driving), ("held back", holding))
        for weight, name in sorted(found)[-1:]
    ]
    if not said:
        return ""
    text = ", ".join(said)
    share = sum(float(flow.weights[row, list(names[tensor].shown)].sum()) for tensor, flow in column.flows.items())
    rest = "" if share > _ALL else f" The lines shown carry {words.percent(share)} of all that comes in."
    return f"{text[0].upper()}{text[1:]}.{rest}"


def _names(made: Sequence[Column]) -> Names:
    """'conv 5'; of a layer's later steps, where it is unfolded, 'ReLU' and 'conv 5 after ReLU'."""
    names = {}
    for column in made:
        title = name = PHOTO
        if column.layer and column.stage:
            title = name = short_title(column.layer)
            if column.tensor != column.layer.name and sum(each.layer == column.layer for each in made) > 1:
                title = _STEPS.get(column.stage.operator, column.layer.step_titles[column.tensor])
                name = f"{name} after {title}"
        names[column.tensor] = _Named(title, name, len(column.values), column.channels)
    return names


def _size(column: Column) -> tuple[str, ...]:
    count, height, width = column.values.shape
    return (f"{height}×{width}", f"×{count}") if height * width > 1 else (f"{count}",)


def _values(values: NDArray[np.float32]) -> str:
    if values.size == 1:
        return f"{words.number(values.item())}."
    low, high, share = float(values.min()), float(values.max()), float((values > RESPONSE).mean())
    if low == high == 0:
        return "Silent: no cell responds."
    extent = f"Values from {words.number(low)} to {words.number(high)}"
    if share == 0:
        return f"{extent}; no cell responds."
    return f"{extent}, strongest {words.place(values)}; {words.percent(share)} of its cells respond."


_FOLD_HELP = (
    "Unfolded, the steps of a layer (convolution, ReLU, pooling …) stand apart. Choose a layer's title to unfold that one alone."
)
_HELP = (
    "Each column (on a narrow screen each row) is a layer, each tile the activation map of one of its channels for this photo, "
    "after its ReLU, or what it has in its place. A line leads from a channel to one that it feeds: the darker, the more it "
    "contributes. At each position a convolution adds up one number per input channel; what an input contributes is the sum of "
    "their magnitudes over all positions, as a share of all inputs. Point at a tile: blue lines drive it, red ones hold it back."
)
