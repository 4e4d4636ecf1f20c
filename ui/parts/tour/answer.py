"""Chapter 8: the dense layer and softmax."""

import math

import numpy as np
import streamlit as st

from convoscope import words
from convoscope.last_layer import LastLayer, last_layer
from convoscope.network import softmax
from ui import state
from ui.components.ledger import Line, ledger
from ui.parts.shares import shares
from ui.parts.tour.features import feature_name
from ui.parts.tour.prose import prose
from ui.parts.tour.question import Question
from ui.visit import Visit

CODE = (LastLayer.contributions, softmax)
TERMS = 8  # that are listed; the others are added up in one line
DIGITS = 4  # after the point, of the terms of a logit
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
HIGHEST = 300.0  # of what is raised to a power: above that floating-point numbers end


def draw(visit: Visit) -> None:
    layer = last_layer(visit.network, visit.trace)
    classes = visit.network.card.classes
    st.selectbox(
        "The class whose score is added up",
        range(len(classes)),
        format_func=lambda index: classes[index],
        width=360,
        **state.bound("answer", visit.answer),
    )
    if layer is None:
        prose("The scores of this network do not come from one dense layer, so their terms are not listed here.")
    else:
        _dense(visit, layer)
    _softmax(visit)


def question(visit: Visit) -> Question:
    first, second = visit.prediction.answers[:2]
    temperature = visit.network.card.temperature
    gap = (first.logit - second.logit) / temperature
    times = math.exp(min(gap, HIGHEST))
    options = sorted({gap, times, 2 * times})
    divided = " (divided by the temperature)" if temperature != 1 else ""
    return Question(
        f"The logit of {words.plain(first.name)} is {words.number(gap)} above that of {words.plain(second.name)}{divided}. How "
        "many times more probable is it?",
        tuple(f"{_power(each)} times" for each in options),
        right=options.index(times),
        why=f"exp({words.number(gap)}) = {_power(times)}: a difference of logits is a ratio of probabilities, "
        f"{words.percent(first.probability)} to {words.percent(second.probability)}.",
    )


def _dense(visit: Visit, layer: LastLayer) -> None:
    index, name = visit.answer, visit.network.card.classes[visit.answer]
    terms, bias, logit = layer.contributions(index), float(layer.bias[index]), float(layer.logits[index])
    order = np.argsort(-np.abs(terms), kind="stable")
    most = TERMS if len(order) > TERMS + 1 else len(order)  # a line for one more is as long as that one's own
    shown, rest = [int(at) for at in order[:most]], float(terms[order[most:]].sum())
    features, weights = layer.features, layer.weights[index]
    peak = max(float(np.abs(terms).max()), abs(rest), abs(bias)) or 1.0
    lines = [_term(feature_name(visit, features, at), features[at], weights[at], terms[at], peak) for at in shown]
    if len(order) > most:
        lines.append(Line((f"the other {len(order) - most:,} together", "", "", _fixed(rest)), rest / peak))
    lines.append(Line(("bias", "", "", _fixed(bias)), bias / peak))
    left = round(logit, DIGITS) - sum(round(float(each), DIGITS) for each in [*terms[shown], rest, bias])
    if round(left, DIGITS):
        lines.append(Line(("rounding of the lines above", "", "", _fixed(left))))
    lines.append(Line((f"logit of {name}", "", "", _fixed(logit)), strong=True))
    st.subheader("The dense layer", anchor=False)
    prose(
        "For each class the network has one weight per number of the list. It multiplies, adds up, and adds the bias: the score "
        f"of the class, its **logit**. For **{words.plain(name)}**, green speaks for it, purple against."
    )
    headings = ("", "number", "weight", "number × weight")
    ledger(headings, lines, key=state.component_key("terms", visit), label=f"The terms of the logit of {name}")
    difference = abs(logit - visit.prediction.logits[index])
    st.caption(
        f"Nothing is left out. The sum is {logit:.6f}; ONNX Runtime's own value differs by {words.tiny(difference)}.".replace(
            "-", "−"
        )
    )


def _term(name: str, feature: float, weight: float, term: float, peak: float) -> Line:
    return Line((name, _fixed(feature), _fixed(weight), _fixed(term)), float(term) / peak)


def _softmax(visit: Visit) -> None:
    st.subheader("Softmax", anchor=False)
    prose(
        "A logit can be any number. **Softmax** turns all of them into percentages: raise *e* to the power of each, then divide "
        "by the sum. All are now positive and add up to 100 %. The **temperature** divides the logits first: a high one evens "
        "the shares out, a low one leaves nearly all to the highest. Move it; the order never changes."
    )
    shares(visit, "")


def _power(value: float) -> str:
    """Of e, however large or small: '21,819', '8.20 × 10¹⁶'."""
    if 1e-3 <= value < 1e7:
        return words.number(value)
    digits, _, exponent = f"{value:.2e}".partition("e")
    return f"{digits} × 10{str(int(exponent)).translate(_RAISED)}"


def _fixed(value: float) -> str:
    return f"{value:.{DIGITS}f}".replace("-", "−")
