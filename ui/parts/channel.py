"""What a channel is to this photo and to the answers, as far as the network itself tells."""

import numpy as np
from numpy.typing import NDArray

from convoscope import words
from convoscope.layers import Stage
from convoscope.strength import RESPONSE, strongest_first
from ui.visit import Visit

NAMED = 3  # classes on either side


def about_channel(visit: Visit, stage: Stage, maps: NDArray[np.float32], channel: int) -> str:
    """Markdown. maps: (C, H, W), of all channels of the stage."""
    return f"{_on_this_photo(visit, maps, channel)} {_for_the_answer(visit, stage, channel)}".rstrip()


def _on_this_photo(visit: Visit, maps: NDArray[np.float32], channel: int) -> str:
    values = maps[channel]
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
