import gc
import socket
import time
from pathlib import Path

import pytest

from bench.serving import streamlit
from bench.visitor import Visitor
from tests.waiting import waited_for
from ui import server

KEEPING = """
import weakref
from pathlib import Path

import streamlit as st

from ui import server


class Kept:
    pass


@st.cache_resource
def started():
    server.settle()


server.TIDY = 1.5
started()
server.in_use()
st.session_state.kept = Kept()
weakref.finalize(st.session_state.kept, Path({mark!r}).touch)
"""


def test_connections_of_a_socket_that_does_not_name_its_protocol_send_at_once() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        server.settle()
        with socket.create_connection(listening.getsockname()) as client, listening.accept()[0] as accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert client.fileno() >= 0
    gc.unfreeze()


def test_garbage_is_collected() -> None:
    class Knot:
        def __init__(self) -> None:
            self.itself = self

    Knot()
    gc.freeze()
    server.give_memory_back()
    gc.unfreeze()
    assert not [each for each in gc.get_objects() if type(each) is Knot]


def test_what_a_visitor_held_goes_soon_after_they_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script, mark = tmp_path / "app.py", tmp_path / "gone"
    script.write_text(KEEPING.format(mark=str(mark)))
    monkeypatch.setenv("STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL", "1")

    async def come_and_go(url: str) -> None:
        async with Visitor(url) as visitor:
            await visitor.open()
        assert not mark.exists()

    with streamlit(str(script)) as serving:
        waited_for(come_and_go(serving.url))
        until = time.monotonic() + 60
        while not mark.exists() and time.monotonic() < until:
            time.sleep(0.1)
        assert mark.exists()
