"""How does a CNN work?"""

import streamlit as st

from ui import shell
from ui.parts import steps

visit = shell.open_page("How does a CNN work?")
shell.photo_strip(visit)
shell.problem_stops_here(visit)
menu, text = st.columns([1, 3.6], gap="medium")
with menu:
    steps.contents(visit)
with text:
    steps.chapter(visit)
    steps.question(visit)
    steps.turn(visit)
