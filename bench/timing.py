"""One row of the table, and how a time is taken."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """against: the ratio to a peer or floor, in words; may be empty."""

    what: str
    milliseconds: float
    against: str = ""


def median(action: Callable[[], object], times: int) -> float:
    """Median milliseconds of an action, after one run that is not counted."""
    action()
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        action()
        taken.append((time.perf_counter() - started) * 1000)
    return statistics.median(taken)


def ratio(one: float, other: float, peer: str) -> str:
    return f"{one / other:.2f} × {peer}"
