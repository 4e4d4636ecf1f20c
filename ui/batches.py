"""What a run draws goes to its browser every hundredth of a second, not element by element."""

import threading
from collections.abc import Mapping
from functools import wraps
from typing import Any
from weakref import WeakKeyDictionary

from streamlit import runtime
from streamlit.runtime import app_session
from streamlit.runtime.scriptrunner import ScriptRunnerEvent

PAUSE = 0.01  # seconds that an element waits for those after it

Event = tuple[Any, ScriptRunnerEvent, Mapping[str, Any]]


def send_in_batches() -> None:
    """To be called once: from now on runs hand over what they have drawn in batches, in the same order.

    Streamlit wakes the thread that serves all connections for each element, twice. The run gives up Python's lock for that, and
    with many visitors it waits longer to get it back than it draws. What begins or ends a run is handed over at once.
    """
    if not runtime.exists():  # in tests of pages
        return
    session: Any = app_session.AppSession
    waiting: WeakKeyDictionary[Any, list[Event]] = WeakKeyDictionary()
    lock = threading.Lock()

    @wraps(session._on_scriptrunner_event)  # which keeps it: the run that is under way goes on with it
    def hand_over(self: Any, sender: Any, event: ScriptRunnerEvent, **what: Any) -> None:
        with lock:
            batch = waiting.setdefault(self, [])
            batch.append((sender, event, what))
            first = len(batch) == 1
        if event is not ScriptRunnerEvent.ENQUEUE_FORWARD_MSG:
            self._call_soon_on_event_loop(lambda: take_over(self))
        elif first:
            self._call_soon_on_event_loop(lambda: self._event_loop.call_later(PAUSE, take_over, self))

    def take_over(self: Any) -> None:
        with lock:
            batch = waiting.pop(self, [])
        wake, self._message_enqueued_callback = self._message_enqueued_callback, None
        try:
            for sender, event, what in batch:
                self._handle_scriptrunner_event_on_event_loop(sender, event, **what)
        finally:
            self._message_enqueued_callback = wake
        if wake:
            wake()

    session._on_scriptrunner_event = hand_over
