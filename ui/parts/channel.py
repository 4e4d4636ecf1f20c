"""What a channel is to this photo and to the answers, as far as the network itself tells."""

import numpy as np
from numpy.typing import NDArray

from convoscope import words
from convoscope.layers import Stage
from convoscope.recipe import Workings
from convoscope.strength import RESPONSE, strongest_first
from ui.parts.layer import step_title
from ui.visit import Visit

NAMED = 3  # classes on either side


def about_channel(visit: Visit, stage: Stage, maps: NDArray[np.float32], channel: int) -> str:
    """Markdown. maps: (C, H, W), of all channels of the stage."""
    return f"{_on_this_photo(visit, maps, channel)} {_for_the_answer(visit, stage, channel)}".rstrip()


def about_factor(visit: Visit, workings: Workings, stage: Stage, channel: int) -> str:
    """Where the factor and the constant of a normalisation or a product come from (Markdown); '' for other steps."""
    found, by = workings.normalisation(stage, channel), workings.multiplier(stage)
    if by and workings.squares(stage):
        return "It is multiplied with itself."
    if by:
        what = "One divided by the value" if stage.operator == "Div" else "The value"
        same = "" if workings.maps(by).shape[1:] == stage.shape[1:] else ", the same in every place"
        return f"{what} of **{words.plain(step_title(visit, by))}** for this channel is the factor{same}."
    if found is None:
        return ""
    gain, shift = words.number(found.gain), words.number(found.shift)
    if found.mean is None or found.deviation is None:
        return (
            f"The factor is this channel's gain, **{gain}**, by the standard deviation of all {stage.shape[0]} channels in the "
            f"same place; the constant is its shift, **{shift}**, less their mean times the factor."
        )
    return (
        f"The factor is this channel's gain, **{gain}**, by the standard deviation that was counted in training, "
        f"**{words.number(found.deviation)}**; the constant is its shift, **{shift}**, less the mean counted in training, "
        f"**{words.number(found.mean)}**, times the factor."
    )


def _on_this_photo(visit: Visit, maps: NDArray[np.float32], channel: int) -> str:
    values = maps[channel]
    if len(maps) == 1 or values.size == 1:
        return ""
    if values.max() <= RESPONSE:
        return f"Channel **{channel}** does not respond to {visit.photo_title}."
    rank = int(np.flatnonzero(strongest_first(maps) == channel)[0]) + 1
    return (
        f"By its strongest cell channel **{channel}** is number {rank} of {len(maps)} on {visit.photo_title}; it responds most "
        f"{words.place(values)}."
    )


def _for_the_answer(visit: Visit, stage: Stage, channel: int) -> str:
    """Of the last maps: which classes the weights of the dense layer give it to."""
    head = visit.tools.head
    if head is None or head.stage not in visit.layer.stages or stage.shape[0] != head.stage.shape[0]:
        return ""
    weights = head.weights[:, channel].mean((1, 2))
    order, names = np.argsort(-weights, kind="stable"), visit.network.card.classes
    sides = {
        "for": [names[index] for index in order[:NAMED] if weights[index] > 0],
        "against": [names[index] for index in order[::-1][:NAMED] if weights[index] < 0],
    }
    said = [f"most {side} {words.plain(words.listed(classes))}" for side, classes in sides.items() if classes]
    return f"By the weights of the last layer it speaks {', and '.join(said)}." if said else ""
