"""How did it learn?"""

import streamlit as st

from ui import shell
from ui.parts import learning
from ui.parts.curves import curves

visit = shell.open_page("How did it learn?")
shell.photo_strip(visit)
shell.problem_stops_here(visit)
then = learning.moment(visit)
if then:
    learning.answers(then, visit)
    learning.first_kernels(then, visit)
    learning.layer_maps(then, visit)
with st.container(border=True):
    st.subheader("Its training in curves", anchor=False)
    curves(visit, visit.step if then else None)
