"""The whole network for one photo: one column per layer or per step, the channels shown of each, and what feeds them."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convoscope.contributions import Contributions, Flow
from convoscope.graph.reading import input_name
from convoscope.layers import Layer, Stage
from convoscope.network import Network, Trace
from convoscope.prepare import Prepared
from convoscope.strength import strongest_first

CHANNELS = 8  # shown of a step that has more
ANSWERS = 5  # shown of a network that has more than CHANNELS classes
_RENAMES = frozenset({"Flatten", "Reshape", "Identity", "Dropout"})


@dataclass(frozen=True)
class Column:
    """One step. values: float32 (C, H, W); of a step without maps (C, 1, 1).

    layer, stage: None for the photo. channels: those shown, all of them by number or the strongest first; of the answers the most
    probable first. flows: what they get from each column before them, by its tensor.
    """

    tensor: str
    layer: Layer | None
    stage: Stage | None
    values: NDArray[np.float32]
    channels: tuple[int, ...]
    flows: Mapping[str, Flow]

    @property
    def left_out(self) -> int:
        return len(self.values) - len(self.channels)


def columns(network: Network, prepared: Prepared, trace: Trace, unfolded: Collection[str] = ()) -> tuple[Column, ...]:
    """The photo, one column per layer with maps, and the answers, in the order of the graph.

    unfolded: the names of the layers that have a column per step. A layer without maps before the answers has a column of
    numbers. prepared: what the trace was made of.
    """
    photo = input_name(network.model.graph)
    values = {photo: prepared.tensor[0]} | trace.tensors
    steps = [step for layer in network.layers for step in _steps(layer, network.logits_name, layer.name in unfolded)]
    answers = next((layer, stage) for layer in network.layers for stage in layer.stages if stage.tensor == network.logits_name)
    flows = Contributions.of(network, values, frozenset([photo, *(stage.tensor for _, stage in steps)]))
    made = [Column(photo, None, None, values[photo], tuple(range(len(values[photo]))), {})]
    for layer, stage in (*steps, answers):
        name = stage.tensor
        channels = _best(trace) if (layer, stage) == answers else _strongest(layer, stage, values)
        made.append(Column(name, layer, stage, _as_maps(values[name]), channels, flows.into(name, channels)))
    return tuple(made)


def foldable(network: Network) -> tuple[str, ...]:
    """The names of the layers that have more columns when they are unfolded."""
    return tuple(layer.name for layer in network.layers if len(list(_steps(layer, network.logits_name, True))) > 1)


def reduced(values: NDArray[np.float32], limit: int) -> NDArray[np.float32]:
    """Maps (C, H, W) averaged over whole squares of cells, so that neither side is above the limit; as they are if it is not."""
    factor = -(-max(values.shape[1:]) // limit)
    if factor == 1:
        return values
    rows, columns = (np.arange(0, length, factor) for length in values.shape[1:])
    sums = np.add.reduceat(np.add.reduceat(values, rows, 1), columns, 2)
    cells = np.multiply.outer(np.diff(rows, append=values.shape[1]), np.diff(columns, append=values.shape[2]))
    return np.asarray(sums / cells, np.float32)


def _steps(layer: Layer, logits: str, unfolded: bool) -> Iterator[tuple[Layer, Stage]]:
    """The steps of a layer that get a column. Before the answers themselves only maps do."""
    last = any(stage.tensor == logits for stage in layer.stages)
    if unfolded:
        kept = (stage for stage in layer.stages if stage.operator not in _RENAMES and (stage.is_maps or not last))
        yield from ((layer, stage) for stage in kept)
        return
    stage = layer.shown_stage(None)
    if stage is None and not last:
        stage = layer.activated
    if stage:
        yield layer, stage


def _strongest(layer: Layer, stage: Stage, values: Mapping[str, NDArray[np.float32]]) -> tuple[int, ...]:
    """All channels, or the strongest: by the maps that the layer is shown with, so that its steps stand side by side."""
    count = stage.shape[0]
    if count <= CHANNELS:
        return tuple(range(count))
    shown = layer.shown_stage(None)
    ranked = values[shown.tensor] if shown and shown.shape[0] == count else values[stage.tensor]
    return tuple(map(int, strongest_first(ranked)[:CHANNELS]))


def _best(trace: Trace) -> tuple[int, ...]:
    answers = trace.prediction.answers
    return tuple(answer.index for answer in (answers if len(answers) <= CHANNELS else answers[:ANSWERS]))


def _as_maps(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return values if values.ndim == 3 else values.reshape(-1, 1, 1)
