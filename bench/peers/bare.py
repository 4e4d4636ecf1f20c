"""The floor: what Streamlit itself needs to take a file and say its size."""

import streamlit as st

file = st.file_uploader("photo")
if file is not None:
    st.write(f"{len(file.getvalue())}")
