"""Pictures pasted or dropped anywhere on the page go to its uploader, and no file is refused there without a word."""

from collections.abc import Callable

import streamlit as st

from ui.components.packet import register

_mount = register("paste")


def paste(*, key: str, on_large: Callable[[], None]) -> None:
    """Listens on the whole page while it is mounted; shows nothing.

    The uploader refuses files by itself, and says why only under the pointer. So each goes to it as a picture: what it is, the
    engine sees, and says. One larger than the server takes is not sent; that triggers `large` with its `size`
    in bytes and the key of the `uploader` that it was meant for, "" if none is open.
    """
    _mount(key=key, data={"most": st.get_option("server.maxUploadSize") * 2**20}, on_large_change=on_large)
