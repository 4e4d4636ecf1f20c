"""The process that serves all visitors: what Streamlit leaves to the system's defaults."""

import ctypes
import gc
import os
import socket
import stat
import sys
import threading
import time
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any

from streamlit import runtime

from ui.kept import let_go_of_old

M_ARENA_MAX, HEAPS = -8, 2  # by default every thread may add a heap, which keeps what is freed in it
M_MMAP_THRESHOLD, ITS_OWN_PAGES = -3, 2**22  # bytes from which a block gets pages that go back when it is freed
M_TRIM_THRESHOLD, SPARE = -1, 2**23  # bytes that stay at the end of a heap: what has gone back costs time when it is used again
TRIM = 0.5  # seconds between two times that free memory between what is used goes back, as long as pages run
TIDY = 25  # seconds between two looks for visitors who do not come back, and for memory that can go back

_used, _running = threading.Event(), threading.Event()


def be_frugal() -> None:
    """To be called once, before networks are loaded. Heaps that are there already stay, half a dozen.

    MALLOC_ARENA_MAX=2 in the environment keeps it to two from the start: fifty visitors then need a tenth less memory.
    """
    _glibc("mallopt", M_ARENA_MAX, HEAPS)
    _glibc("mallopt", M_MMAP_THRESHOLD, ITS_OWN_PAGES)
    _glibc("mallopt", M_TRIM_THRESHOLD, SPARE)


def settle() -> None:
    """To be called once."""
    _send_at_once()
    threading.Thread(target=_keep_house, name="housekeeper", daemon=True).start()
    threading.Thread(target=_keep_small, name="trimmer", daemon=True).start()


def in_use() -> None:
    """To be called by each run of a page: what it leaves behind is tidied up soon."""
    _used.set()
    _running.set()


def give_memory_back() -> None:
    """Collects what visitors have left behind and returns free memory to the system: about a tenth of a second.

    What remains is not walked by Python's own collections before the next call.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    _glibc("malloc_trim", 0)


def _keep_house() -> None:
    while True:
        time.sleep(TIDY)
        if _forget_who_left() + let_go_of_old() or _used.is_set():
            _used.clear()
            give_memory_back()


def _keep_small() -> None:
    while _running.wait():
        _running.clear()
        time.sleep(TRIM)
        _glibc("malloc_trim", 0)


def _forget_who_left() -> int:
    """Ends the sessions of those who did not come back in time; how many that were.

    Streamlit itself drops such a session only when somebody else leaves, and holds the last one on.
    """
    if not runtime.exists():
        return 0
    serving: Any = runtime.get_instance()
    forgotten = Future[int]()

    def forget() -> None:
        gone = serving._session_mgr._session_storage._cache.expire()
        try:
            for _, left in gone:
                left.session.shutdown()
                left.session.session_state.clear()
        finally:
            forgotten.set_result(len(gone))

    serving._get_async_objs().eventloop.call_soon_threadsafe(forget)
    return forgotten.result()


def _send_at_once() -> None:
    """Turns Nagle's algorithm off, on Linux.

    Streamlit opens its socket without naming TCP as the protocol, and asyncio turns it off only where that is named. Together
    with delayed acknowledgements it costs each run of a page 40 ms. Connections inherit what the listening socket is told.
    """
    for link in Path("/proc/self/fd").glob("*"):
        with suppress(OSError):  # closed since, or a socket of another kind
            if stat.S_ISSOCK(link.stat().st_mode):
                with socket.socket(fileno=os.dup(int(link.name))) as found:
                    found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _glibc(name: str, *arguments: int) -> None:
    """Calls a function of the C library; nothing where that is another one."""
    function = getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
    if function:
        function(*arguments)
