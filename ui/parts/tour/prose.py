"""Text in lines that are short enough to read."""

import streamlit as st

MEASURE = 780  # pixels


def prose(text: str) -> None:
    """A paragraph of Markdown."""
    st.markdown(text, width=MEASURE)
