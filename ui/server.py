"""The process that serves all visitors: what Streamlit leaves to the system's defaults."""

import ctypes
import gc
import os
import socket
import stat
import sys
from contextlib import suppress
from pathlib import Path

M_ARENA_MAX, HEAPS = -8, 2  # by default every thread may add a heap, which keeps what is freed in it
M_MMAP_THRESHOLD, ITS_OWN_PAGES = -3, 2**20  # bytes from which a block gets pages that go back when it is freed


def settle() -> None:
    """To be called once, when all that lives as long as the server is loaded: no collection walks it again."""
    _send_at_once()
    _glibc("mallopt", M_ARENA_MAX, HEAPS)
    _glibc("mallopt", M_MMAP_THRESHOLD, ITS_OWN_PAGES)
    give_memory_back()
    gc.freeze()


def give_memory_back() -> None:
    """Collects what visitors have left behind and returns free memory to the system: about a tenth of a second."""
    gc.collect()
    _glibc("malloc_trim", 0)


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
