"""Chapter 4: ReLU, or what a network has in its place."""

import numpy as np

from convoscope import operations, words
from convoscope.firsts import Nonlinearity, first_nonlinearity
from convoscope.graph.operators import OPERATORS
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
_GENTLE = "it leaves large numbers nearly as they are, makes far negative ones nearly 0, and dips a little below 0 between"
_SAID = {
    "LeakyRelu": "it leaves what is positive as it is and keeps a small share of what is negative",
    "PRelu": "it leaves what is positive as it is and keeps of what is negative a share that was learned",
    "Clip": "it cuts off what lies beyond its bounds",
    "Sigmoid": "it squeezes every number between 0 and 1",
    "HardSigmoid": "it squeezes every number between 0 and 1, in straight lines",
    "Tanh": "it squeezes every number between −1 and 1",
    "Elu": "it leaves what is positive as it is and lets what is negative level off",
    "Softplus": "it is ReLU with its corner rounded, so every number ends above 0",
    "SiLU": _GENTLE,
    "Mish": _GENTLE,
    "Gelu": _GENTLE,
    "HardSwish": _GENTLE,
}  # by operator, what each does
_SHARES = ("less than a quarter", "a quarter to a half", "a half to three quarters", "more than three quarters")


def draw(visit: Visit) -> None:
    step = first_nonlinearity(visit.network, visit.trace)
    if step is None:
        prose("This network has neither ReLU nor another nonlinearity between its maps.")
        return
    prose(_what(step))
    prose(f"Of the {step.after.size:,} numbers of this layer, {_result(step)} Move over either map.")
    pairs = [_pair(step, channel) for channel in map(int, strongest_first(step.after)[:SHOWN])]
    one = (Axis(step.before.shape[1], 1), Axis(step.before.shape[2], 1))
    name = _title(step)
    pair(
        pairs,
        one,
        "relu" if step.operator == "Relu" else "nonlinear",
        key=state.component_key("relu", visit),
        titles=(f"Before {name}", f"After {name}"),
        label=visit.photo_title,
    )


def question(visit: Visit) -> Question:
    last = next((stage for stage in reversed(list(visit.network.stages)) if stage.operator == "Relu"), None)
    first = first_nonlinearity(visit.network, visit.trace)
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


def _what(step: Nonlinearity) -> str:
    if step.operator == "Relu":
        return (
            "After a convolution often comes the simplest step of all. **ReLU** replaces every negative number by 0 and leaves "
            "the others exactly as they are. Red disappears; blue stays the same blue. Without such a bend, a **nonlinearity**, "
            "all layers together could do no more than a single one."
        )
    return (
        "After a convolution comes a bend, a **nonlinearity**: without one, all layers together could do no more than a single "
        "one. Most networks take ReLU, which makes every negative number 0 and leaves the others as they are. This one takes "
        f"**{_title(step)}**: {_SAID[step.operator]}."
    )


def _result(step: Nonlinearity) -> str:
    below = f"**{words.percent(float((step.before < 0).mean()))}** were below zero"
    if step.operator == "Relu":
        return f"{below} and became 0."
    (low, high), (lower, higher) = (
        (words.number(float(values.min())), words.number(float(values.max()))) for values in (step.before, step.after)
    )
    return f"{below}. They reached from {low} to {high}; now they reach from {lower} to {higher}."


def _title(step: Nonlinearity) -> str:
    return OPERATORS[step.operator].title if step.operator in OPERATORS else step.operator


def _pair(step: Nonlinearity, channel: int) -> Pair:
    before, after = step.before[channel], step.after[channel]
    below = int((before < 0).sum())
    is_relu = step.operator == "Relu"
    about = (
        f"Channel {channel}: {below:,} of {before.size:,} numbers ({words.percent(below / before.size)}) "
        f"{'became 0' if is_relu else 'were below zero'}. Its largest number was {words.number(float(before.max()))} before and "
        f"is {words.number(float(after.max()))} after."
    )
    scale = scale_of(before, "signed")
    then = scale_of(np.array([scale.high]), "positive") if is_relu else scale_of(after, step.stage.palette)
    return Pair(f"channel {channel}", about, Picture(before, scale), Picture(after, then))
