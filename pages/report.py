"""How good is it?"""

import streamlit as st

from ui import shell
from ui.parts import report
from ui.parts.costs import costs

visit = shell.open_page("How good is it?")
shell.photo_strip(visit)
shell.problem_stops_here(visit)
report.summary(visit)
left, right = st.columns(2, gap="medium")
with left, st.container(border=True):
    report.classes(visit)
with right, st.container(border=True):
    report.calibration(visit)
with st.container(border=True):
    report.confusion(visit)
with st.container(border=True):
    report.noticing(visit)
with st.container(border=True):
    report.robustness(visit)
with st.container(border=True):
    report.training(visit)
with st.container(border=True):
    st.subheader("What does it cost?", anchor=False)
    costs(visit)
    report.speed()
with st.container(border=True):
    report.limits(visit)
with st.container(border=True):
    report.privacy()
