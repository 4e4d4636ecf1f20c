"""Chapter 10: what people often get wrong, each with evidence from this photo."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from convoscope import words
from convoscope.filters import brightness
from convoscope.firsts import Convolution, first_convolution, first_nonlinearity
from convoscope.last_layer import last_layer
from convoscope.learning_step import learning_step
from convoscope.operations import convolve
from convoscope.receptive import receptive_fields
from convoscope.window import Axis
from ui.parts.tour import trials
from ui.parts.tour.prose import prose
from ui.parts.tour.question import Question
from ui.visit import Visit

CODE = (convolve,)
RATE = 0.01


@dataclass(frozen=True)
class Slip:
    """What is said, what is so, and the evidence (all Markdown). trial: draws what one can try."""

    wrong: str
    right: str
    evidence: str
    trial: Callable[[Visit], None] | None = None


def draw(visit: Visit) -> None:
    prose("Much of this is often told otherwise. Believe neither: look at the numbers of this photo, and try it.")
    for slip in _slips(visit):
        with st.container(border=True):
            prose(f":gray[“{slip.wrong}”]  \n**{slip.right}**  \n{slip.evidence}")
            if slip.trial:
                slip.trial(visit)


def question(visit: Visit) -> Question:
    last = next((stage for stage in reversed(list(visit.network.stages)) if stage.is_maps), None)
    peak = float((visit.trace.values(last) if last else visit.prediction.logits).max())
    return Question(
        "How large is the largest number in the last maps of this network?",
        ("At most 1", "Between 1 and 10", "Above 10"),
        right=0 if peak <= 1 else 1 if peak <= 10 else 2,
        why=f"It is {words.number(peak)}. Nothing on the way keeps numbers below 1; only softmax does, at the very end.",
    )


def _slips(visit: Visit) -> Iterator[Slip]:
    yield _grey(visit)
    yield _not_squashed(visit)
    first = first_convolution(visit.network, visit.prepared, visit.trace)
    if first:
        yield _not_zero(visit, first)
        yield _not_turned(visit, first)
    yield _edges(visit)
    yield _in_place(visit)
    yield _sure(visit)
    yield _descent(visit)


def _grey(visit: Visit) -> Slip:
    pixels = visit.prepared.resized
    grey = brightness(pixels)
    middle = grey.shape[0] // 2
    return Slip(
        "A grey image has two channels, black and white.",
        "A grey image has one channel: how bright each pixel is.",
        f"In grey this photo is {grey.shape[0]} × {grey.shape[1]} × 1 = {grey.size:,} numbers. The pixel in the middle is the "
        f"single number {int(grey[middle, middle])}: neither black (0) nor white (255) needs a number of its own.",
    )


def _not_squashed(visit: Visit) -> Slip:
    step = first_nonlinearity(visit.network, visit.trace, frozenset({"Relu"}))
    evidence = "This network has no ReLU between its maps."
    if step:
        above = int((step.after > 1).sum())
        evidence = (
            f"At the first ReLU the largest number is {words.number(float(step.before.max()))} before it and "
            f"{words.number(float(step.after.max()))} after. {above:,} of its {step.after.size:,} numbers are above 1."
        )
    return Slip("ReLU squashes its input between 0 and 1.", "ReLU leaves what is positive exactly as it is.", evidence)


def _not_zero(visit: Visit, first: Convolution) -> Slip:
    """At the flattest window that lies wholly in the photo."""
    y, x = visit.once(("evenest window",), lambda: _evenest(first))
    values = first.after[:, y, x]
    other = int(np.abs(values).argmax())
    spread = int(np.ptp(_pixels(visit, first, y, x), (0, 1)).max(initial=0))
    alike = f"differ by at most {spread} of 255" if spread else "are all alike"
    return Slip(
        "A filter that meets nothing it knows answers 0.",
        "It answers whatever its weights and its bias add up to.",
        f"The evenest window of this picture is around row {y + 1}, column {x + 1}: its pixels {alike}. "
        f"There, kernel {other} answers {words.number(float(values[other]))}, of which {words.number(float(first.bias[other]))} "
        f"is its bias. {int((np.abs(values) > 0.01).sum())} of {len(values)} kernels answer something further than 0.01 from 0.",
        trials.grey,
    )


def _not_turned(visit: Visit, first: Convolution) -> Slip:
    as_is, turned = visit.once(
        ("turned kernels",), lambda: (_off(first, first.kernels), _off(first, first.kernels[:, :, ::-1, ::-1]))
    )
    return Slip(
        "A convolution turns the kernel around before it multiplies.",
        "In mathematics, yes. Here it is laid on as it is: cross-correlation, which deep learning calls convolution.",
        "Computed with the kernels as they are, every number of the first layer is within "
        f"{words.tiny(as_is)} of ONNX Runtime's. With the kernels turned around, numbers are wrong by up "
        f"to {words.number(turned)}.",
    )


def _descent(visit: Visit) -> Slip:
    layer = last_layer(visit.network, visit.trace)
    evidence = "Backpropagation ends with one gradient per weight. Gradient descent then takes a little of each off its weight."
    if layer:
        step = learning_step(layer, visit.answer, RATE)
        at = int(np.abs(step.gradient[visit.answer]).argmax())
        gradient, weight = float(step.gradient[visit.answer, at]), float(layer.weights[visit.answer, at])
        evidence = (
            f"For this photo, backpropagation gives one weight of the last layer the gradient {gradient:.4f}; the "
            f"weight stays {weight:.6f}. Gradient descent then makes it {weight:.6f} − {RATE:g} × ({gradient:.4f}) = "
            f"{float(step.after.weights[visit.answer, at]):.6f}, up to the rounding of the digits shown."
        ).replace("-", "−")
    return Slip(
        "Backpropagation is how a network learns.",
        "Backpropagation computes the gradients; gradient descent uses them.",
        evidence,
    )


def _edges(visit: Visit) -> Slip:
    stage = next(visit.network.stages)
    size = visit.prepared.resized.shape[0]
    tone = "grey tone" if visit.network.card.preprocessing.channels == "grey" else "colour"
    evidence = "This network has no maps."
    if stage.is_maps:
        box = receptive_fields(visit.network, stage, 0).seen(stage.shape[1] // 2, stage.shape[2] // 2)
        share = box.height * box.width / size**2
        evidence = (
            f"A cell of the first maps sees {box.height} × {box.width} of the {size} × {size} pixels, {words.percent(share)} of "
            f"the picture. No outline of a thing fits in there; an edge, a corner or a {tone} does."
        )
    return Slip("The first layer finds the outlines of things.", f"The first layer finds edges and {tone}s.", evidence)


def _in_place(visit: Visit) -> Slip:
    size = visit.prepared.resized.shape[0]
    pools = any(stage.operator in ("MaxPool", "AveragePool") for stage in visit.network.stages)
    return Slip(
        "A CNN does not mind where in the photo a thing is.",
        "Its maps go along with the photo. Its answer does not quite stay.",
        f"Push the photo by some of its {size} pixels: the map is pushed as far. But other pixels stand at the border"
        f"{', and pooling groups the cells differently' if pools else ''}, so the percentages change a little, or a lot.",
        trials.aside,
    )


def _sure(visit: Visit) -> Slip:
    return Slip(
        "A high percentage means that the answer is right.",
        "It means that this score is far above the others, and some score always is.",
        f"Even for pure noise the shares of all {len(visit.prediction.classes):,} classes add up to 100 %, since the network can "
        "only choose among what it was taught. Here it is given noise; mix the photo back in.",
        trials.noise,
    )


def _evenest(first: Convolution) -> tuple[int, int]:
    """Row and column of the cell whose window differs least in itself, of those that read no padding; of none the first."""
    cells = [_whole(axis, length) for axis, length in zip(first.window, first.after.shape[1:], strict=True)]
    if not all(len(each) for each in cells):
        return 0, 0
    rows, columns = (np.array([axis.taps(cell) for cell in each]) for axis, each in zip(first.window, cells, strict=True))
    windows = first.before[:, rows[:, None, :, None], columns[None, :, None, :]]
    spread = np.ptp(windows, (3, 4)).max(0)
    y, x = np.unravel_index(int(spread.argmin()), spread.shape)
    return cells[0][int(y)], cells[1][int(x)]


def _whole(axis: Axis, cells: int) -> list[int]:
    return [cell for cell in range(cells) if axis.inside(cell).all()]


def _pixels(visit: Visit, first: Convolution, y: int, x: int) -> NDArray[np.uint8]:
    """Those of a window, without its padding."""
    down, across = first.window
    return visit.prepared.resized[down.taps(y)[down.inside(y)]][:, across.taps(x)[across.inside(x)]]


def _off(first: Convolution, kernels: NDArray[np.float32]) -> float:
    """By how much the layer, computed with these kernels, is off what ONNX Runtime returned, at most."""
    return float(np.abs(convolve(first.before, kernels, first.bias, first.window) - first.after).max())
