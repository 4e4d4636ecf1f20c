"""What does each layer see?"""

import streamlit as st

from ui import shell
from ui.parts.costs import costs
from ui.parts.layer_maps import layer_choice, layer_maps

visit = shell.open_page("What does each layer see?")
shell.photo_strip(visit)
shell.problem_stops_here(visit)
layer_choice(visit)
with st.container(border=True):
    layer_maps(visit)
with st.expander("What each layer costs"):
    costs(visit)
