"""What is in my photo?"""

import streamlit as st

from convoscope import words
from ui import own_photos, shell, state
from ui.parts.answer import answer, doubt_in_words, evidence_in_words
from ui.parts.journey import journey
from ui.parts.picker import picker
from ui.parts.several import several

visit = shell.open_page("What is in my photo?")
if not own_photos.names():
    with st.container(key="tour"):
        st.page_link("pages/steps.py", label="New to convolutional networks? Take the tour →", query_params=state.link())
sentence = st.container()
picker(visit)
shell.problem_stops_here(visit)

with sentence:
    st.markdown(f"{words.verdict(visit.prediction)} {doubt_in_words(visit)} {evidence_in_words(visit)}")
answer(visit)
several(visit)
journey(visit)
