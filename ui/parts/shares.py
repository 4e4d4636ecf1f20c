"""From the logits to percentages, at a temperature that the visitor can move."""

import numpy as np

from ui import state
from ui.components.softmax import softmax
from ui.visit import Visit


def shares(visit: Visit, title: str = "Softmax: from scores to percentages") -> None:
    """title: over it; empty where the page has one already."""
    key, card = f"softmax-{visit.selection.model}", visit.network.card
    softmax(
        visit.prediction.logits.astype(np.float32),
        card.classes,
        visit.answer,
        key=key,
        title=title,
        temperature=card.temperature,
        measured=card.calibration is not None,
        on_answer=state.taken(key, "answer", lambda index: state.select(answer=index)),
    )
