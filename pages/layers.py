"""What does each layer see?"""

import streamlit as st

from ui import shell
from ui.parts.costs import costs
from ui.parts.kernels import kernel_pictures
from ui.parts.layer import layer_choice
from ui.parts.layer_maps import layer_maps
from ui.parts.overview import glance

visit = shell.open_page("What does each layer see?")
shell.photo_strip(visit)
shell.problem_stops_here(visit)
with st.container(border=True):
    glance(visit)
layer_choice(visit)
with st.container(border=True):
    layer_maps(visit)
kernels = st.expander("Kernels as pictures", key="kernels", on_change="rerun")  # drawn once it is opened
if kernels.open:
    with kernels:
        kernel_pictures(visit)
with st.expander("What each layer costs"):
    costs(visit)
