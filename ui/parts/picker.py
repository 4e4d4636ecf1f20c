"""Where a photo comes from: a file, the clipboard, the camera, a sample."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui import offers, own_photos, state
from ui.links import Field
from ui.visit import Visit

# opens the photo library on phones; not every system counts the others as images. What a file is, the engine sees.
ACCEPTED = ["image/*", ".heic", ".heif", ".avif"]
_PRIVACY = (
    "Your photo goes to this app's server, is reduced, and stays in its memory, with what was computed from it, for this visit "
    "and {minutes} minutes after it. It is shown to nobody else, not stored, and not used for training."
)


def picker(visit: Visit, *among: object) -> None:
    """among: in a popover, what the choices depend on (`state.bound`)."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        _uploader("photo")
        known(visit, "photo", "Photo", *among)
    _elsewhere("photo")


def chooser(label: str, field: Field) -> DeltaGenerator:
    """A button behind which a photo is chosen: after each file another one, so that what has become of it is not covered."""
    return st.popover(label, icon=":material/photo_camera:", key=f"chooser_{offers.uploader_key(field)}")


def own(field: Field) -> None:
    """A photo of one's own."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        _uploader(field)
    _elsewhere(field)


def known(visit: Visit, field: Field, label: str, *among: object) -> None:
    """The samples, and the visitor's own photos. visit: of the photo that is shown."""
    titles = {sample.name: sample.name for sample in visit.samples}
    titles |= {name: own_photos.title_of(name) for name in own_photos.names()}
    st.pills(
        label,
        tuple(titles),
        format_func=titles.__getitem__,
        required=True,
        label_visibility="collapsed",
        wrap=True,
        **state.bound(field, visit.selection.photo, *among),
    )


def refused(problem: str, title: str) -> None:
    """For a file that cannot be shown: its sentence, and the way back to the photo with this title."""
    st.error(problem, icon=":material/broken_image:")
    st.button(f"Back to {title}", on_click=state.forget_problem, icon=":material/undo:")


def _uploader(field: Field) -> None:
    key = offers.uploader_key(field)
    st.file_uploader(
        "Your own photo",
        type=ACCEPTED,
        key=key,
        on_change=offers.take,
        args=(key, field),
        label_visibility="collapsed",
        width=460,
    )
    st.button(
        "Close the camera" if offers.camera_is_on(field) else "Camera",
        icon=":material/photo_camera:",
        on_click=offers.toggle_camera,
        args=(field,),
        key=f"toggle_camera_{field}",
    )


def _elsewhere(field: Field) -> None:
    privacy = _PRIVACY.format(minutes=own_photos.minutes_kept())
    st.caption("Or drop or paste a picture anywhere on this page. It is not stored.", help=privacy)
    if offers.camera_is_on(field):
        camera = f"camera_{offers.uploader_key(field)}"
        st.camera_input("Take a photo", key=camera, on_change=offers.take, args=(camera, field), width=420)
