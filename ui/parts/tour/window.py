"""Chapter 2: a window slides."""

import numpy as np
import streamlit as st

from convoscope import filters, words
from convoscope.filters import EXAMPLES, Slide, brightness
from ui.components.pictures import Picture
from ui.components.slide import slide
from ui.parts.tour.prose import prose
from ui.parts.tour.question import Question
from ui.visit import Visit

CODE = (filters.slide, Slide.output_size)
_PARTS = ("in the top third", "in the middle third", "in the bottom third")


def draw(visit: Visit) -> None:
    prose(
        "A **kernel** is a small grid of weights. Lay it on the photo, multiply each pixel with the weight on top of it, and "
        "add it all up: one number, a *dot product*. Slide on, and do it again. The numbers together are a new picture, a "
        "**map**. That is a **convolution**, and it gave convolutional neural networks, CNNs, their name."
    )
    prose(
        "The number is large where the photo looks like the kernel and negative where it looks like the opposite. Choose "
        "a kernel or type your own; move over the photo or the map."
    )
    label = f"{visit.photo_title} in grey, with the window on it. Arrow keys move the window"
    grey = brightness(visit.prepared.resized)[:, :, None]
    slide(Picture(grey), EXAMPLES, key="slide", label=label)
    st.caption(
        "**Stride**: how far the window jumps. **Padding**: rows of zeros around the photo, so that its border is not lost. "
        "**Dilation**: gaps in the kernel, so that it spans more."
    )


def question(visit: Visit) -> Question:
    grey = brightness(visit.prepared.resized)
    if grey.shape[0] < 3:
        ask = "How many products does a kernel of 3 × 3 add up at each place?"
        return Question(ask, ("3", "6", "9"), right=2, why="One for each of its weights.")
    level = next(example for example in EXAMPLES if example.name == "level edge")
    answer = filters.slide(grey, level.kernel, Slide(padding=1))[1:-1]
    row, column = np.unravel_index(int(answer.argmax()), answer.shape)
    part = min(2, (int(row) + 1) * 3 // grey.shape[0])
    return Question(
        "The kernel “level edge” answers to places that are dark above and bright below. Where in this photo is its largest "
        "number?",
        tuple(part.capitalize() for part in _PARTS),
        right=part,
        why=f"It is {words.number(float(answer.max()))}, with the middle of the window in row {int(row) + 2} of {grey.shape[0]}, "
        f"column {int(column) + 1}: {_PARTS[part]}.",
    )
