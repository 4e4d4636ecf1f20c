"""What is in my photo?"""

import streamlit as st

from convoscope import words
from ui import shell
from ui.parts.answer import answer
from ui.parts.journey import journey
from ui.parts.picker import picker

visit = shell.open_page("What is in my photo?")
sentence = st.container()
picker(visit)
shell.problem_stops_here(visit)

with sentence:
    where = words.evidence_sentence(visit.evidence, visit.network.card.classes[visit.answer]) if visit.evidence else ""
    st.markdown(f"{words.verdict(visit.prediction)} {where}")
answer(visit)
journey(visit)
