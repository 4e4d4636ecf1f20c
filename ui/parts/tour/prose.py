"""Text in lines that are short enough to read."""

import numpy as np
import streamlit as st

MEASURE = 780  # pixels


def prose(text: str) -> None:
    """A paragraph of Markdown."""
    st.markdown(text, width=MEASURE)


def tiny(value: float) -> str:
    """A difference to its first digit, without powers of ten: '0.0000004'."""
    return np.format_float_positional(abs(value), precision=1, fractional=False, trim="-")
