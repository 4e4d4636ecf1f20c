"""Changes to a session that no other run of it gets in between of.

A click begins a run in a thread of its own, while the run of the click before still goes on: that one ends where it next touches
the session, in a callback too, and the callback is never taken up again. So an upload was lost when something was clicked while
it was read, and the two could write at the same moment.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakValueDictionary

from streamlit import runtime
from streamlit.runtime.scriptrunner_utils.script_run_context import get_script_run_ctx
from streamlit.runtime.state.safe_session_state import SafeSessionState

_writing: WeakValueDictionary[str, Any] = WeakValueDictionary()  # a lock, by session
_looking_up = threading.Lock()


def answer_to_the_end() -> None:
    """To be called once: from now on the callbacks of a click run to their end, and those of the next one wait for them."""
    if not runtime.exists():  # in tests of pages
        return
    safe: Any = SafeSessionState
    answer = safe.on_script_will_rerun

    def answer_undisturbed(self: Any, *states: Any, **replayed: Any) -> None:
        with undisturbed():
            answer(self, *states, **replayed)

    safe.on_script_will_rerun = answer_undisturbed


@contextmanager
def undisturbed() -> Iterator[None]:
    """For a run of a page: it ends here if a later one has begun, and otherwise nothing ends it before this is over."""
    context: Any = get_script_run_ctx()
    state = context.session_state
    with _looking_up:
        writing = _writing.setdefault(context.session_id, threading.RLock())
    with writing:
        end_if_late = state._yield_callback
        end_if_late()
        object.__setattr__(state, "_yield_callback", lambda: None)
        try:
            yield
        finally:
            object.__setattr__(state, "_yield_callback", end_if_late)
