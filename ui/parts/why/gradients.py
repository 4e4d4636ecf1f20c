"""Gradient maps side by side: saliency, SmoothGrad, Grad-CAM at any layer, integrated gradients."""

from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from convoscope import words
from convoscope.figure import Panel
from convoscope.graph.backward import GradientError
from convoscope.layers import Stage
from convoscope.why.agreement import agreement
from convoscope.why.heat import Integrated, Saliency, grad_cam, integrated, integrated_closely, saliency, smoothed
from ui import state
from ui.parts.layer import layer_of, one_layer, short_title, shown_layer
from ui.parts.why.downloads import Quantity, Saved, downloads, on_photo
from ui.parts.why.over import FINE, Map, over, show
from ui.parts.why.score import score, title, unit
from ui.parts.why.trust import trust
from ui.tools import Tools
from ui.views import CAM, GRADIENT_MAPS
from ui.visit import Visit


@dataclass(frozen=True)
class Method:
    """name: as in links. asks: what the map asks of the network. wait: said while it is computed, if it is slow."""

    name: str
    map: Map
    asks: str
    wait: str | None = None

    @property
    def title(self) -> str:
        return GRADIENT_MAPS[self.name]


def gradients(visit: Visit) -> None:
    try:
        methods = _methods(visit)
    except GradientError as failure:
        st.markdown(no_gradient(failure))
        return
    sentence = st.empty()
    if _mapped(visit):
        one_layer(visit, _mapped(visit), "Layer for Grad-CAM")
    maps = {}
    for column, method in zip(st.columns(len(methods), gap="medium"), methods, strict=True):
        with column:
            maps[method.name] = _one(visit, method)
    sentence.markdown(_sentence(visit, {method.title: maps[method.name] for method in methods}))
    _downloads(visit, methods, maps)
    st.caption(FINE)
    st.caption(
        "What they cannot tell: a gradient says what a small change would do, not what would be there without the pixel; a map "
        "can look sharp and still be wrong. Try each below."
    )
    _trust(visit, methods)


def no_gradient(failure: GradientError) -> str:
    """Why a view that needs gradients is missing (Markdown)."""
    return (
        f"**No gradients for this network**: {words.plain(str(failure))}. “Cover a part” and “Switch channels off” ask the same "
        "question without them."
    )


def _methods(visit: Visit) -> tuple[Method, ...]:
    """Those that this network has. Raises GradientError."""
    tensor, asked, zero = visit.prepared.tensor, visit.asked, words.zero(visit.network.card.preprocessing)
    per_pixel = "change of the score per unit of input"
    _ = visit.tools.gradients  # where there are none, none of the maps can be drawn
    return (
        Method(
            "saliency",
            Map(
                "saliency",
                f"Saliency for {title(visit)}",
                per_pixel,
                lambda tools: saliency(tools.gradients, tensor, asked).values,
                "positive",
            ),
            "Which pixels would change the score most if they changed a little?",
        ),
        *_cam(visit),
        Method(
            "smoothgrad",
            Map(
                "smoothgrad",
                f"SmoothGrad for {title(visit)}",
                per_pixel,
                lambda tools: _smoothed(visit, tools).values,
                "positive",
            ),
            "Saliency again, averaged over 32 noisy copies of the photo: what stays of it?",
            "Averaging the gradients of 32 noisy copies …",
        ),
        Method(
            "integrated",
            Map(
                "integrated",
                f"Integrated gradients for {title(visit)}",
                unit(visit),
                lambda tools: _integrated(visit, tools).values,
            ),
            f"How much does each pixel add on the way from {zero} to the photo?",
            f"Adding up gradients along the way from {zero} …",
        ),
    )


def _one(visit: Visit, method: Method) -> NDArray[np.float64]:
    st.markdown(f"**{method.title}**")
    with st.spinner(method.wait) if method.wait else nullcontext():
        values = method.map.make(visit.tools)
    show(visit, method.map, values)
    st.caption(method.asks)
    if method.name == "integrated":
        st.caption(_gap(visit))
    return values


def _integrated(visit: Visit, tools: Tools) -> Integrated:
    """Of another network than the visit's own in as many steps as that takes."""

    def found() -> Integrated:
        asked = tools.gradients, visit.prepared.tensor, visit.asked
        if tools.network.key == visit.network.key:
            return integrated_closely(*asked)
        return integrated(*asked, _integrated(visit, visit.tools).steps)

    return visit.once((tools.network.key, "integrated", visit.asked), found)


def _smoothed(visit: Visit, tools: Tools) -> Saliency:
    found = partial(smoothed, tools.gradients, visit.prepared.tensor, visit.asked)
    return visit.once((tools.network.key, "smoothed", visit.asked), found)


def _gap(visit: Visit) -> str:
    found = _integrated(visit, visit.tools)
    nothing = words.zero(visit.network.card.preprocessing)
    return (
        f"{score(visit)[0].upper()}{score(visit)[1:]} is {words.number(found.score)}, that of a picture that is {nothing} "
        f"everywhere {words.number(found.baseline_score)}; all pixels should add up to the difference, and add up to "
        f"{words.number(float(found.parts.sum()))}. What is missing, the completeness gap after {found.steps} steps: "
        f"{words.number(found.gap)}{'' if found.small_gap else ', which is much: take the map with a pinch of salt'}."
    )


def _mapped(visit: Visit) -> tuple[str, ...]:
    return tuple(layer.name for layer in visit.network.layers if layer.map_stages)


def _cam_stage(visit: Visit) -> Stage:
    name = shown_layer(visit, _mapped(visit))
    stage = next(layer for layer in visit.network.layers if layer.name == name).shown_stage(visit.selection.stage)
    assert stage is not None
    return stage


def _cam(visit: Visit) -> tuple[Method, ...]:
    """Grad-CAM at the chosen layer; nothing if no layer has maps. Raises GradientError."""
    if not _mapped(visit):
        return ()
    stage = _cam_stage(visit)
    _ = visit.tools.map_gradients(stage)
    return (
        Method(
            CAM,
            Map(
                f"{CAM}-{stage.tensor}",
                f"Grad-CAM for {title(visit)}",
                "activation × gradient",
                lambda tools: grad_cam(tools.map_gradients(stage), visit.prepared.tensor, visit.asked, stage.tensor).values,
            ),
            "Where in a layer's maps lies what the score rises with?",
        ),
    )


def _sentence(visit: Visit, maps: dict[str, NDArray[np.float64]]) -> str:
    """Where the maps are strongest, whether they agree, and what was compared. maps: by title."""
    placed = {name: values for name, values in maps.items() if values.size > 1}
    if len(placed) < 2:
        return "Maps of a single cell cannot be compared."
    found = agreement(placed)
    squares = f"their {found.strongest} strongest of the photo's {found.grid} × {found.grid} squares"
    places: dict[str, list[str]] = {}
    for name, values in found.pooled.items():
        places.setdefault(words.place(values), []).append(name)
    where = "; ".join(f"{words.listed(names)} **{place}**" for place, names in places.items())
    apart, alike = (words.listed(pair) for pair in (found.least, found.most))
    least, most = (found.shared[pair] for pair in (found.least, found.most))
    if found.holds:
        return f"The maps agree: any two share at least {least} of {squares}. Strongest are: {where}."
    more = f" {alike} share most, {most}." if most > least else ""
    return (
        f"The maps do not agree on where {score(visit)} comes from: {apart} share {least} of {squares}.{more} Strongest are: "
        f"{where}."
    )


def _downloads(visit: Visit, methods: tuple[Method, ...], maps: dict[str, NDArray[np.float64]]) -> None:
    arrays = {each.name: Quantity(maps[each.name], each.map.unit) for each in methods}
    at = f", Grad-CAM at {short_title(layer_of(visit, _cam_stage(visit)))}" if _mapped(visit) else ""

    def panels() -> list[Panel]:
        return [on_photo(over(visit, method.map, maps[method.name]), method.title) for method in methods]

    downloads(visit, Saved("gradients", f"Maps from gradients{at}"), panels, arrays)


def _trust(visit: Visit, methods: tuple[Method, ...]) -> None:
    by_name = {method.name: method for method in methods}
    shown = visit.selection.map if visit.selection.map in by_name else methods[0].name
    st.segmented_control(
        "Map to try", tuple(by_name), format_func=GRADIENT_MAPS.__getitem__, required=True, wrap=True, **state.bound("map", shown)
    )
    trust(visit, by_name[shown].map)
