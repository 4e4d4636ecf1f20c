import asyncio
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from bench.serving import streamlit
from bench.visitor import Visitor
from tests.waiting import waited_for
from ui.turns import Turns

LONG = 60  # seconds: longer than any test
DRAWING = """
import threading
import time
from pathlib import Path

import streamlit as st

from ui import turns


@st.cache_resource
def started():
    turns.AT_ONCE, turns.QUICK = 1, 60
    turns.take()
    return []


drawing = started()
drawing.append(1)
with Path({log!r}).open("a") as log:
    print(len(drawing), file=log)
time.sleep(0.3)
drawing.pop()
"""


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


def test_runs_of_pages_take_turns(tmp_path: Path) -> None:
    script, log = tmp_path / "app.py", tmp_path / "log"
    script.write_text(DRAWING.format(log=str(log)))

    async def look(url: str) -> None:
        async with Visitor(url) as visitor:
            await visitor.open()

    async def several_look(url: str) -> None:
        await look(url)
        await asyncio.gather(*(look(url) for _ in range(4)))

    with streamlit(str(script)) as serving:
        waited_for(several_look(serving.url))
    assert log.read_text().split() == ["1"] * 5
