"""Chapter 7: flatten or average: from the last maps to a list of numbers."""

import numpy as np
from numpy.typing import NDArray

from convoscope import operations, words
from convoscope.last_layer import last_layer
from convoscope.render import Scale, scale_of
from convoscope.strength import strongest_first
from ui import state
from ui.components.maps import Tile
from ui.parts.tour.features import feature_name, last_maps, listed, origin
from ui.parts.tour.gallery import gallery
from ui.parts.tour.prose import prose
from ui.parts.tour.question import Question, bucket
from ui.visit import Visit

CODE = (operations.average,)
_SHOWN = 24
_SHARES = ("hardly any (under 5 %)", "up to half of them", "more than half of them")


def draw(visit: Visit) -> None:
    stage, features = last_maps(visit), listed(visit)
    if stage is None or features is None:
        prose(
            "A dense layer reads a plain list of numbers. The last maps of this network do not simply become such a list, so "
            "what becomes of them is not shown here."
        )
        return
    values = visit.trace.values(stage)
    averaged = origin(visit, features) == "means"
    prose(f"{_how(values, averaged, len(features))} {_then(visit, features)}")
    scale = scale_of(values, stage.palette)
    order = np.argsort(-operations.average(values), kind="stable") if averaged else strongest_first(values)
    tiles = [_tile(values, channel, averaged, scale) for channel in map(int, order[:_SHOWN])]
    prose(
        f"**The {len(tiles)} {'largest means' if averaged else 'strongest maps'}**. Point at a map to read its cells; choose it "
        "to enlarge it."
    )
    gallery(tiles, scale, key=state.component_key("tour-last", visit), label="The last maps")
    prose(_averaged(values, int(order[0]), features) if averaged else _flattened(visit, features))


def question(visit: Visit) -> Question:
    layer = last_layer(visit.network, visit.trace)
    features = layer.features if layer else visit.prediction.logits
    zeros = int((features == 0).sum())
    whose = "list that the last layer reads" if layer else "answer"
    return Question(
        f"How many of the {len(features):,} numbers in the {whose} are exactly zero for this photo?",
        tuple(each.capitalize() for each in _SHARES),
        right=bucket(zeros / len(features), (0.05, 0.5000001)),
        why=f"{zeros:,} of {len(features):,}, {words.percent(zeros / len(features))}. ReLU makes many single numbers zero; "
        "a mean of a map is zero only if the whole map is.",
    )


def _how(values: np.ndarray, averaged: bool, numbers: int) -> str:
    count, height, width = values.shape
    if averaged:
        how = (
            f"takes **the mean of each map**: {count} maps become {count} numbers. Where in the photo something was found no "
            "longer counts, only how much"
        )
    else:
        how = (
            f"**flattens** them: it reads all cells, map by map and row by row, into one long list of {numbers:,} numbers. Each "
            "place keeps a number of its own"
        )
    return (
        f"The last maps are small, {height} × {width}, but there are {count}. To decide, the network needs a plain list. This "
        f"one {how}."
    )


def _tile(values: np.ndarray, channel: int, averaged: bool, scale: Scale) -> Tile:
    own = values[channel]
    place = (
        f"mean {words.number(operations.average(own[None])[0])}"
        if averaged
        else f"list {channel * own.size + 1} to {(channel + 1) * own.size}"
    )
    return Tile(channel, f"map {channel}", place, words.map_text(own), own, scale)


def _then(visit: Visit, features: NDArray[np.floating]) -> str:
    """What is made of the list."""
    layer = last_layer(visit.network, visit.trace)
    if layer is None:
        scores = features.shape == visit.prediction.logits.shape and np.allclose(features, visit.prediction.logits)
        return "They are the scores of the classes already." if scores else ""
    if np.array_equal(layer.features.astype(features.dtype), features):
        return ""
    stages = list(visit.network.stages)
    later = stages[max(at for at, stage in enumerate(stages) if stage.is_maps) :]
    dense = sum(each.weighted in later for each in visit.network.layers)
    if dense == 1:
        return "These are changed once more before a dense layer turns them into the scores of the classes."
    return f"{dense} dense layers follow; the last one gives the scores of the classes."


def _averaged(values: np.ndarray, channel: int, features: NDArray[np.floating]) -> str:
    total, mean = float(values[channel].astype(np.float64).sum()), float(operations.average(values)[channel])
    return (
        f"Map {channel}: its {values[channel].size} cells add up to {words.number(total)}; divided by {values[channel].size} "
        f"that is **{words.number(mean)}**. ONNX Runtime's own mean differs by {words.tiny(mean - float(features[channel]))}."
    )


def _flattened(visit: Visit, features: NDArray[np.floating]) -> str:
    at = int(features.argmax())
    return (
        f"The largest number in the list, **{words.number(float(features[at]))}**, is number {at + 1} of {len(features):,}. "
        f"It comes from {feature_name(visit, features, at)}."
    )
