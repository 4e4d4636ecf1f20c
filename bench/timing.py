"""How a time is taken, and how it is told."""

import statistics
import time
from collections.abc import Callable

from convoscope.benchmark import Row


def took(what: str, milliseconds: float, against: str = "") -> Row:
    return Row(what=what, value=round(milliseconds, 2), unit="ms", against=against)


def median(action: Callable[[], object], times: int, clock: Callable[[], float] = time.perf_counter) -> float:
    """Median milliseconds of an action, after one run that is not counted. clock: in seconds."""
    action()
    taken = []
    for _ in range(times):
        started = clock()
        action()
        taken.append((clock() - started) * 1000)
    return statistics.median(taken)


def ratio(one: float, other: float, peer: str, aim: float | None = None) -> str:
    """'1.12 × a floor (aim: at most 1.25)'."""
    wanted = "" if aim is None else f" (aim: at most {aim:g})"
    return f"{one / other:.2f} × {peer}{wanted}"
