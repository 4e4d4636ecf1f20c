"""Files that a visitor offers, from the uploader or the camera, for the photo or for the "other" one beside it."""

import math
from collections.abc import Mapping
from typing import Any

import streamlit as st

from convoscope.photo import PhotoError, read
from ui import state, uploads
from ui.links import Field


def uploader_key(field: Field) -> str:
    """Another key after each file, so that the next one finds the uploader empty."""
    return f"upload_{field}_{st.session_state.get('uploads', 0)}"


def take(key: str, field: Field) -> None:
    """Reads the file in the uploader or camera with this key: it becomes the photo, or the page says why not."""
    file = st.session_state[key]
    if not hasattr(file, "getvalue"):  # none, or one that a run which was cut short has read already
        return
    _come(field)
    try:
        photo = read(file.getvalue())
    except PhotoError as failure:
        st.session_state.problem = str(failure)
        return
    finally:
        uploads.let_go()
    state.show_own(photo, field)


def refuse_large(file: Mapping[str, Any]) -> None:
    """Says why a file has not been sent. file: its size, in bytes, and the key of the uploader it was meant for."""
    most = st.get_option("server.maxUploadSize")
    _come("other" if str(file["uploader"]).startswith("upload_other") else "photo")
    st.session_state.problem = (
        f"This file has {math.ceil(file['size'] / 2**20):,} MB; at most {most} MB can be sent. Make the picture smaller and try "
        "again."
    )


def camera_is_on(field: Field) -> bool:
    return st.session_state.get("camera") == field


def toggle_camera(field: Field) -> None:
    st.session_state.camera = None if camera_is_on(field) else field
    state.chosen()


def _come(field: Field) -> None:
    """A file has come, or would have: whatever becomes of it, uploader and camera are done with."""
    st.session_state.uploads = st.session_state.get("uploads", 0) + 1
    st.session_state.camera = st.session_state.view = None  # a component that the refusal hides begins anew
    st.session_state.offered = field
    state.chosen()
