"""Chapter 9: how it learned: one step of gradient descent in the last layer."""

import numpy as np
import streamlit as st

from convoscope import words
from convoscope.last_layer import LastLayer, last_layer
from convoscope.learning_step import LearningStep, learning_step
from ui import state
from ui.components.ledger import Line, ledger
from ui.parts.tour.features import feature_name
from ui.parts.tour.prose import prose
from ui.parts.tour.question import Question
from ui.visit import Visit

CODE = (learning_step,)
RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
BEST = 4  # classes that are listed


def draw(visit: Visit) -> None:
    layer = last_layer(visit.network, visit.trace)
    if layer is None:
        prose("The scores of this network do not come from one dense layer, so a step of its learning is not worked out here.")
        return
    classes = visit.network.card.classes
    prose(
        "At first all weights are random. Then the network is shown photos whose answer is known, and after every few, each "
        "weight is changed a little, so that the right answer becomes more probable. Here is one such step, with this photo and "
        "the last layer. Say what is right, and how large the step is."
    )
    left, right = st.columns(2, gap="medium")
    with left:
        st.selectbox(
            "The right answer",
            range(len(classes)),
            format_func=lambda index: classes[index],
            **state.bound("answer", visit.answer),
        )
    with right:
        rate = st.select_slider("Learning rate", RATES, value=0.01, key="tour-rate", persist_state="session")
    step = learning_step(layer, visit.answer, rate)
    _loss(visit, step)
    _error(visit, step)
    _weight(visit, layer, step, rate)
    _after(visit, step)


def question(visit: Visit) -> Question:
    layer = last_layer(visit.network, visit.trace)
    target = visit.answer
    other = next(answer for answer in visit.prediction.answers if answer.index != target)
    name = words.plain(other.name)
    if layer is None:
        return Question(
            "What are gradients used for?",
            ("To change the weights", "To answer faster"),
            0,
            "Gradient descent takes them off the weights.",
        )
    step = learning_step(layer, target, 0.01)
    before, after = float(step.probabilities[other.index]), float(step.probabilities_after[other.index])
    return Question(
        f"The step makes {words.plain(visit.network.card.classes[target])} more probable. What does it do to {name}?",
        ("It becomes less probable", "Nothing", "It becomes more probable, too"),
        right=0 if after < before else 2 if after > before else 1,
        why=f"With a learning rate of 0.01 its probability goes from {_fine(before)} to {_fine(after)}. The weights of every "
        "class are changed, not only those of the right one.",
    )


def _loss(visit: Visit, step: LearningStep) -> None:
    name = words.plain(visit.network.card.classes[visit.answer])
    p = float(step.probabilities[visit.answer])
    plain = " (plain softmax: the temperature came after training)" if visit.network.card.calibration else ""
    st.subheader("1. How wrong is it? The loss", anchor=False)
    prose(
        f"The network gives {name} the probability p = {p:.4f}{plain}. The **loss** is −ln p = −ln {p:.4f} = "
        f"**{step.loss:.4f}**. It would be 0 if the network were certain and right, and has no upper end."
    )


def _error(visit: Visit, step: LearningStep) -> None:
    order = [int(at) for at in np.argsort(-np.abs(step.error), kind="stable")]
    shown = list(dict.fromkeys([*order[:BEST], visit.answer]))
    if len(shown) == len(order) - 1:  # a line for one more is as long as that one's own
        shown = order
    peak = float(np.abs(step.error).max()) or 1.0
    lines = [
        Line(
            (
                visit.prediction.classes[at],
                f"{step.probabilities[at]:.4f}",
                "1" if at == visit.answer else "0",
                _signed(float(step.error[at])),
            ),
            float(step.error[at]) / peak,
            strong=at == visit.answer,
        )
        for at in shown
    ]
    rest = np.delete(step.error, shown)
    if len(rest):
        total = float(rest.sum())
        lines.append(Line((f"the other {len(rest)} together", f"{total:.4f}", "0", _signed(total)), total / peak))
    st.subheader("2. Which way? Backpropagation", anchor=False)
    prose(
        "For softmax and this loss, the gradient of the loss with respect to each logit is simply **p − y**: what the network "
        "said minus what it should have said. Negative: this logit should rise. Positive: it should fall. They add up to zero."
    )
    ledger(
        ("class", "p", "y", "p − y"),
        lines,
        key=state.component_key("error", visit),
        label="The gradient of each logit",
        hue="signed",
    )


def _weight(visit: Visit, layer: LastLayer, step: LearningStep, rate: float) -> None:
    at = int(np.abs(layer.features).argmax())
    x, error = float(layer.features[at]), float(step.error[visit.answer])
    gradient, weight = float(step.gradient[visit.answer, at]), float(layer.weights[visit.answer, at])
    name, whose = words.plain(visit.network.card.classes[visit.answer]), feature_name(visit, layer.features, at)
    prose(
        "From the logit to one weight it is one link more, by the **chain rule**: the logit changes by x when the weight "
        f"changes by 1, so the gradient of the weight is (p − y) × x. For {name} and its input "
        f"“{whose}”, x = {x:.6f}: ({_signed(error, 6)}) × {x:.6f} = **{_signed(gradient)}**. Going on "
        f"backwards, layer by layer, gives a gradient for each of the network's {words.count(visit.network.parameters)} weights. "
        "That is backpropagation: it computes gradients, it changes nothing."
    )
    st.subheader("3. The step: gradient descent", anchor=False)
    prose(
        f"**Gradient descent** is what uses them: new weight = weight − learning rate × gradient = {_signed(weight, 6)} − "
        f"{rate:g} × ({_signed(gradient, 6)}) = **{_signed(float(step.after.weights[visit.answer, at]), 6)}**. All "
        f"{layer.weights.size + layer.bias.size:,} weights and biases of the last layer are changed like this."
    )


def _after(visit: Visit, step: LearningStep) -> None:
    name = words.plain(visit.network.card.classes[visit.answer])
    before, after = float(step.probabilities[visit.answer]), float(step.probabilities_after[visit.answer])
    st.subheader("4. Did it help?", anchor=False)
    left, right = st.columns(2)
    left.metric(f"Probability of {name}", _fine(after), f"from {_fine(before)}", delta_color="off", delta_arrow="off")
    right.metric("Loss", f"{step.loss_after:.4f}", f"from {step.loss:.4f}", delta_color="off", delta_arrow="off")
    taken = visit.network.card.origin
    seen = f" This network went through all its training pictures {taken.epochs} times." if taken else ""
    st.caption(f"A real training step does this in all layers at once, for many photos together.{seen}")


def _signed(value: float, digits: int = 4) -> str:
    return f"{value:.{digits}f}".replace("-", "−")


def _fine(share: float) -> str:
    return f"{share * 100:.3f}\N{NO-BREAK SPACE}%"
