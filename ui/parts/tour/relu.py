"""Chapter 4: ReLU."""

import numpy as np

from convoscope import operations, words
from convoscope.firsts import Rectification, first_relu
from convoscope.render import scale_of
from convoscope.strength import strongest_first
from convoscope.window import Axis
from ui import state
from ui.components.pair import Pair, pair
from ui.components.pictures import Picture
from ui.parts.tour.prose import prose
from ui.parts.tour.question import Question, bucket
from ui.visit import Visit

CODE = (operations.relu,)
SHOWN = 6  # channels
_SHARES = ("less than a quarter", "a quarter to a half", "a half to three quarters", "more than three quarters")


def draw(visit: Visit) -> None:
    step = first_relu(visit.network, visit.trace)
    if step is None:
        prose("This network has no ReLU between its maps.")
        return
    prose(
        "After a convolution often comes the simplest step of all. **ReLU** replaces every negative number by 0 and leaves the "
        "others exactly as they are. Red disappears; blue stays the same blue. Without such a bend, all layers together could "
        "do no more than a single one."
    )
    prose(
        f"Of the {step.after.size:,} numbers of this layer, **{words.percent(_cut(step))}** were below zero and became 0. Move "
        "over either map."
    )
    pairs = [_pair(step, channel) for channel in map(int, strongest_first(step.after)[:SHOWN])]
    one = (Axis(step.before.shape[1], 1), Axis(step.before.shape[2], 1))
    pair(
        pairs, one, "relu", key=state.component_key("relu", visit), titles=("Before ReLU", "After ReLU"), label=visit.photo_title
    )


def question(visit: Visit) -> Question:
    last = next((stage for stage in reversed(list(visit.network.stages)) if stage.operator == "Relu"), None)
    first = first_relu(visit.network, visit.trace)
    if last is None or (first and first.stage == last):
        return Question("What does ReLU make of −3?", ("3", "0", "−3"), right=1, why="What is below zero becomes 0.")
    values = visit.trace.values(last)
    share = float((values == 0).mean())
    return Question(
        "And at the other end? What share of the numbers is zero after the last ReLU of this network?",
        tuple(each.capitalize() for each in _SHARES),
        right=bucket(share, (0.25, 0.5, 0.75)),
        why=f"{int((values == 0).sum()):,} of {values.size:,} numbers of this photo: {words.percent(share)}.",
    )


def _cut(step: Rectification) -> float:
    return float((step.before < 0).mean())


def _pair(step: Rectification, channel: int) -> Pair:
    before, after = step.before[channel], step.after[channel]
    cut = int((before < 0).sum())
    about = (
        f"Channel {channel}: {cut:,} of {before.size:,} numbers ({words.percent(cut / before.size)}) became 0. Its largest "
        f"number was {words.number(float(before.max()))} before and is {words.number(float(after.max()))} after."
    )
    scale = scale_of(before, "signed")
    return Pair(f"channel {channel}", about, Picture(before, scale), Picture(after, scale_of(np.array([scale.high]), "positive")))
