"""Probability bars on a scale of 0-100 %: the best five, and every class on demand."""

from collections.abc import Callable, Sequence

import numpy as np

from convoscope.network import Answer
from convoscope.words import percent
from ui.components.packet import pack, register

SHOWN = 5

_mount = register("bars")


def bars(answers: Sequence[Answer], chosen: int, *, key: str, on_choose: Callable[[], None]) -> None:
    """Draws the answers, the most probable first. A click on one triggers `chosen` with its class index."""
    header = {
        "indices": [answer.index for answer in answers],
        "names": [answer.name for answer in answers],
        "texts": [percent(answer.probability) for answer in answers],
        "shown": SHOWN,
        "chosen": chosen,
    }
    numbers = np.array([(answer.probability, answer.logit) for answer in answers], np.float32)  # as JSON they take the longest
    _mount(key=key, data=pack(header, list(numbers.T)), on_chosen_change=on_choose)
