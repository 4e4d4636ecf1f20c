"""Chapter 10: what one can try oneself: the network is given a changed picture, and ONNX Runtime computes anew."""

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from convoscope import words
from convoscope.firsts import first_convolution
from convoscope.network import Prediction, Trace
from convoscope.render import scale_of
from convoscope.strength import strongest_first
from convoscope.trial import drowned, fed, on_grey, pushed
from ui.components.ledger import Line, ledger
from ui.components.maps import Tile, maps
from ui.visit import Visit

BEST = 3  # classes that are listed
SIZE = 150  # pixels of a picture
GREY = 128


def aside(visit: Visit) -> None:
    """The photo pushed sideways: the maps go with it, the answer nearly stays."""
    pixels = visit.prepared.resized
    far = max(1, pixels.shape[1] // 4)
    by = _slider("Push the photo, in pixels", -far, far, 0, "tour-push")
    shown = pushed(pixels, by)
    trace = visit.network.trace(fed(visit.prepared, shown, visit.network.card.preprocessing))
    _show(visit, shown, trace, "tour-pushed")


def noise(visit: Visit) -> None:
    """The photo drowned in noise, up to noise alone."""
    share = _slider("Noise in the photo, in %", 0, 100, 100, "tour-noise")
    shown = drowned(visit.prepared.resized, share / 100)
    trace = visit.network.trace(fed(visit.prepared, shown, visit.network.card.preprocessing))
    best = trace.prediction.best
    st.markdown(f"With {share} % noise the network says **{words.plain(best.name)}**, {words.percent(best.probability)}.")
    _show(visit, shown, trace, "tour-drowned")


def grey(visit: Visit) -> None:
    """A patch without any structure."""
    first = first_convolution(visit.network, visit.prepared, visit.trace)
    assert first
    level = _slider("An even grey, 0 to 255", 0, 255, GREY, "tour-grey")
    answers = on_grey(first, level, visit.network.card.preprocessing)
    other = int(np.abs(answers).argmax())
    st.markdown(
        f"Where all pixels are {level}, kernel {other} answers **{words.number(float(answers[other]))}**; "
        f"{int((np.abs(answers) > 0.01).sum())} of {len(answers)} kernels answer something further than 0.01 from 0."
    )


def _slider(label: str, low: int, high: int, start: int, key: str) -> int:
    return st.slider(label, low, high, start, key=key, persist_state="session", width=420)


def _show(visit: Visit, pixels: NDArray[np.uint8], trace: Trace, key: str) -> None:
    """What the network got, the map of the first layer that is strongest for the photo itself, and the answers."""
    left, right = st.columns([1, 1.3], gap="medium")
    tiles = [Tile(0, "input", " × ".join(map(str, pixels.shape[:2])), "what the network is given", pixels, None)]
    stage = next(visit.network.stages)
    if stage.is_maps:
        before = visit.trace.values(stage)
        channel = int(strongest_first(before)[0])
        values = trace.values(stage)[channel]
        tiles.append(Tile(1, f"map {channel}", "of layer 1", words.map_text(values), values, scale_of(before, "signed")))
    with left:
        maps(tiles, key=key, label="What the network is given, and a map it makes of it", size=SIZE, layout="strip")
    with right:
        _answers(visit.prediction, trace.prediction, f"{key}-answers")


def _answers(before: Prediction, after: Prediction, key: str) -> None:
    shown = list(dict.fromkeys(answer.index for answer in (*after.answers[:BEST], before.best)))
    lines = []
    for index in shown:
        share = float(after.probabilities[index])
        cells = (after.classes[index], words.percent(float(before.probabilities[index])), words.percent(share))
        lines.append(Line(cells, share, index == after.best.index))
    ledger(("class", "for the photo", "now"), lines, key=key, label="The answer for the photo and now", hue="share")
