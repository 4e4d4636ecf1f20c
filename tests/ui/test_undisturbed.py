import asyncio
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.runtime.scriptrunner import StopException
from streamlit.runtime.state import SessionState
from streamlit.runtime.state.safe_session_state import SafeSessionState

from bench.serving import streamlit
from bench.visitor import Visitor
from tests.waiting import waited_for
from ui import undisturbed

ANSWERING = """
import time

import streamlit as st

from ui import undisturbed


@st.cache_resource
def started():
    undisturbed.answer_to_the_end()


def answer(number):
    heard = st.session_state.setdefault("heard", [])
    time.sleep(1)
    st.session_state.heard = [*heard, number]


started()
st.button("First", on_click=answer, args=(1,))
st.button("Second", on_click=answer, args=(2,))
st.markdown(f"heard {st.session_state.get('heard')}")
"""


def test_a_second_click_waits_until_the_first_is_answered(tmp_path: Path) -> None:
    script = tmp_path / "app.py"
    script.write_text(ANSWERING)

    async def click_twice(url: str) -> str:
        async with Visitor(url) as visitor:
            await visitor.open()
            await visitor.tap("First")
            await asyncio.sleep(0.2)
            return (await visitor.press("Second")).text()

    with streamlit(str(script)) as serving:
        assert waited_for(click_twice(serving.url)) == "heard [1, 2]"


def test_a_run_that_is_late_ends_before_it_writes_and_not_while(monkeypatch: pytest.MonkeyPatch) -> None:
    state = SafeSessionState(SessionState(), lambda: None)
    monkeypatch.setattr(undisturbed, "get_script_run_ctx", lambda: SimpleNamespace(session_id="one", session_state=state))

    def late() -> None:
        raise StopException

    with undisturbed.undisturbed():
        state["written"] = 1
    object.__setattr__(state, "_yield_callback", late)
    with pytest.raises(StopException), undisturbed.undisturbed():
        pytest.fail("it goes on")
    object.__setattr__(state, "_yield_callback", iter([None, late]).__next__)
    with undisturbed.undisturbed():
        state["written"] = 2
        assert state["written"] == 2
    assert state._yield_callback() is late
