"""Why this answer?"""

import streamlit as st

from ui import shell
from ui.parts.why import question

visit = shell.open_page("Why this answer?")
shell.photo_strip(visit)
shell.problem_stops_here(visit)
question.question(visit)
question.view_choice(visit)
with st.container(border=True):
    question.view(visit)
