"""Few pages are drawn at a time; the others wait for their turn, in the order they came.

Each run holds a few megabytes until it ends. Fifty that take each other's processor time end late, all of them; in turn they
take as long together, most end sooner, and memory is needed for those few only.
"""

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from streamlit import runtime
from streamlit.runtime.scriptrunner import script_runner

AT_ONCE = 3  # on two processors 5 per cent more than with 2 or 4: Python's one lock leaves the third something to do
QUICK = 0.5  # seconds after which a run that still goes on lets the next one begin: it computes something, or draws for long


class Turns:
    """at_once: how many runs may be under way that have not taken `quick` seconds yet."""

    def __init__(self, at_once: int, quick: float) -> None:
        self._at_once, self._quick = at_once, quick
        self._lock = threading.Lock()
        self._waiting: deque[threading.Condition] = deque()
        self._begun: dict[threading.Condition, float] = {}

    @contextmanager
    def turn(self) -> Iterator[None]:
        mine = threading.Condition(self._lock)
        with self._lock:
            self._waiting.append(mine)
            while (pause := self._pause(mine)) != 0:
                mine.wait(pause)
            self._waiting.popleft()
            self._begun[mine] = time.monotonic()
            self._wake_the_next()
        try:
            yield
        finally:
            with self._lock:
                del self._begun[mine]
                self._wake_the_next()

    def _wake_the_next(self) -> None:
        """That one alone: each of the others would take Python's lock only to find that it goes on waiting."""
        if self._waiting:
            self._waiting[0].notify()

    def _pause(self, mine: threading.Condition) -> float | None:
        """Seconds after which it may begin at the latest; 0 if it may now, None if others are before it."""
        if self._waiting[0] is not mine:
            return None
        now = time.monotonic()
        young = sorted(begun for begun in self._begun.values() if begun > now - self._quick)
        return 0 if len(young) < self._at_once else young[-self._at_once] + self._quick - now


def take() -> None:
    """To be called once: from now on all runs of pages take turns."""
    if not runtime.exists():  # in tests of pages
        return
    runner: Any = script_runner.ScriptRunner
    run, turns = runner._run_script, Turns(AT_ONCE, QUICK)

    def run_in_turn(self: Any, rerun_data: Any) -> None:
        with turns.turn():
            run(self, rerun_data)

    runner._run_script = run_in_turn
