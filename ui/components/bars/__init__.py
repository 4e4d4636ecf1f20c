"""Probability bars on a scale of 0-100 %: the best five, and every class on demand."""

from collections.abc import Callable, Sequence

from convoscope.network import Answer
from convoscope.words import percent
from ui.components.packet import pack, register

SHOWN = 5

_mount = register("bars")


def bars(answers: Sequence[Answer], chosen: int, *, key: str, on_choose: Callable[[], None]) -> None:
    """Draws the answers, the most probable first. A click on one triggers `chosen` with its class index."""
    rows = [
        {"rank": n, "index": a.index, "name": a.name, "share": a.probability, "text": percent(a.probability), "logit": a.logit}
        for n, a in enumerate(answers, start=1)
    ]
    _mount(key=key, data=pack({"rows": rows, "shown": SHOWN, "chosen": chosen}), on_chosen_change=on_choose)
