"""Where a photo comes from: a file, the clipboard, the camera, a sample."""

import streamlit as st

from ui import state
from ui.links import OWN
from ui.visit import Visit

# opens the photo library on phones; not every system counts the others as images. What a file is, the engine sees.
ACCEPTED = ["image/*", ".heic", ".heif", ".avif"]
PRIVACY = (
    "Your photo goes to this app's server, is reduced, and stays in its memory for this visit; what was computed from it, until "
    "newer photos take its place. It is shown to nobody else, not stored, and not used for training."
)


def picker(visit: Visit) -> None:
    key = state.uploader_key()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.file_uploader(
            "Your own photo",
            type=ACCEPTED,
            key=key,
            on_change=state.take_upload,
            args=(key,),
            label_visibility="collapsed",
            width=460,
        )
        label = "Close the camera" if state.camera_is_on() else "Camera"
        st.button(label, icon=":material/photo_camera:", on_click=state.toggle_camera)
        _samples(visit)
    st.caption("Or drop or paste a picture anywhere on this page. It is not stored.", help=PRIVACY)
    if state.camera_is_on():
        camera = f"camera_{key}"
        st.camera_input("Take a photo", key=camera, on_change=state.take_upload, args=(camera,), width=420)


def _samples(visit: Visit) -> None:
    own = state.own_photo()
    st.pills(
        "Photo",
        [*(sample.name for sample in visit.samples), *([own] if own else [])],
        format_func=lambda name: "your photo" if name.startswith(OWN) else name,
        required=True,
        label_visibility="collapsed",
        wrap=True,
        **state.bound("photo", visit.selection.photo),
    )
