"""How is one number made?"""

import streamlit as st

from ui import shell
from ui.parts.layer import layer_choice
from ui.parts.unit import one_unit, unit_choice

visit = shell.open_page("How is one number made?")
shell.photo_strip(visit)
shell.problem_stops_here(visit)
with st.container(horizontal=True, gap="medium"):
    layer_choice(visit)
    unit_choice(visit)
one_unit(visit)
