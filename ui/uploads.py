"""Uploaded files between their arrival and the moment a page reads them. Streamlit itself sets no bound to them."""

import time
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from streamlit import runtime
from streamlit.runtime.scriptrunner_utils.script_run_context import get_script_run_ctx

ROOM = 64 * 2**20  # bytes of all files that wait
PATIENCE = 30  # seconds after which a file that no page has read makes room for others


def bound() -> None:
    """To be called once: from now on one file waits per session, and no more than there is room for.

    Streamlit takes any number of files, under ids that it never gave out too, and keeps them as long as the session lives.
    One for which there is no room is refused, and the uploader says so.
    """
    if not runtime.exists():  # in tests of pages
        return
    manager: Any = runtime.get_instance().uploaded_file_mgr
    add, came = manager.add_file, dict[str, float]()

    def add_if_there_is_room(session_id: str, file: Any) -> None:
        now, waiting = time.monotonic(), dict(manager.file_storage)
        for session in waiting:
            if session == session_id or now - came.get(session, now) > PATIENCE:
                manager.remove_session_files(session)
        waiting = dict(manager.file_storage)
        held = sum(len(each.data) for files in waiting.values() for each in tuple(files.values()))
        if held + len(file.data) > ROOM:
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "Too many files at this moment. Try again.")
        for session in came.keys() - waiting.keys():
            del came[session]
        came[session_id] = now
        add(session_id=session_id, file=file)

    manager.add_file = add_if_there_is_room


def let_go() -> None:
    """Forgets this session's files; Streamlit itself keeps them until the session ends."""
    context = get_script_run_ctx()
    if context is not None:
        context.uploaded_file_mgr.remove_session_files(context.session_id)
