"""Where a photo comes from: a file, the clipboard, the camera, a sample."""

import streamlit as st

from ui import state
from ui.components.paste import paste
from ui.links import OWN
from ui.shell import PRIVACY
from ui.state import Visit

ACCEPTED = ["image/*"]  # opens the photo library on phones, which then hand over JPEG; content is checked by the engine


def picker(visit: Visit) -> None:
    file, others = st.columns([1, 1], vertical_alignment="center", gap="medium")
    with file:
        key = state.uploader_key()
        st.file_uploader(
            "Your own photo",
            type=ACCEPTED,
            key=key,
            on_change=state.take_upload,
            args=(key,),
            label_visibility="collapsed",
            help=PRIVACY,
        )
    with others, st.container(horizontal=True, vertical_alignment="center", gap="small"):
        label = "Close the camera" if state.camera_is_on() else "Camera"
        st.button(label, icon=":material/photo_camera:", on_click=state.toggle_camera)
        _samples(visit)
        paste(key="paste")
    st.caption(f"Drop or paste a picture anywhere on this page. {PRIVACY}")
    if state.camera_is_on():
        camera = f"camera_{key}"
        st.camera_input("Take a photo", key=camera, on_change=state.take_upload, args=(camera,), width=420)


def _samples(visit: Visit) -> None:
    names = [sample.name for sample in visit.samples]
    if state.has_own_photo():
        names.append(OWN)
    st.pills(
        "Photo",
        names,
        format_func=lambda name: "your photo" if name == OWN else name,
        required=True,
        label_visibility="collapsed",
        **state.bound("photo", visit.selection.photo),
    )
