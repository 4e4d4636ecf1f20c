import threading
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from ui.turns import Turns

LONG = 60  # seconds: longer than any test


class Run:
    """One that goes on until it is told to end."""

    def __init__(self, turns: Turns, pool: ThreadPoolExecutor) -> None:
        self.begun, self.ended = threading.Event(), threading.Event()
        self.done: Future[None] = pool.submit(self._go, turns)

    def _go(self, turns: Turns) -> None:
        with turns.turn():
            self.begun.set()
            assert self.ended.wait(LONG)

    def end(self) -> None:
        self.ended.set()
        self.done.result(LONG)


def test_no_more_go_on_at_once_and_the_first_to_come_is_the_next() -> None:
    with ThreadPoolExecutor(4) as pool:
        turns = Turns(2, LONG)
        first, second = Run(turns, pool), Run(turns, pool)
        assert first.begun.wait(LONG)
        assert second.begun.wait(LONG)
        third = Run(turns, pool)
        while len(turns._waiting) < 1:
            pass
        fourth = Run(turns, pool)
        assert not third.begun.wait(0.2)
        second.end()
        assert third.begun.wait(LONG)
        assert not fourth.begun.wait(0.2)
        for run in (first, third):
            run.end()
        assert fourth.begun.wait(LONG)
        fourth.end()


def test_one_that_takes_long_lets_the_next_begin() -> None:
    with ThreadPoolExecutor(3) as pool:
        turns = Turns(1, 0.3)
        slow, next_one = Run(turns, pool), Run(turns, pool)
        assert slow.begun.wait(LONG)
        assert next_one.begun.wait(LONG)
        assert not slow.done.done()
        slow.end()
        next_one.end()


def test_a_turn_ends_with_an_error_too() -> None:
    turns = Turns(1, LONG)
    with pytest.raises(ZeroDivisionError), turns.turn():
        _ = 1 / 0
    with turns.turn():
        pass
