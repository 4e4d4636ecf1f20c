"""Whether a map can be believed: pixels taken away in its order, random places as control, shuffled weights."""

from dataclasses import replace

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from convoscope import words
from convoscope.why.pixels import on_pixels
from convoscope.why.trust import CONTROLS, Trial, Verdict, similarity
from ui import state
from ui.components.chart import Axis, Line, chart
from ui.parts.why.over import Map, show
from ui.parts.why.score import probability, subject
from ui.visit import Visit

ALIKE, PARTLY = 0.5, 0.2  # rank correlations from which two maps count as alike, and as alike in part


def trust(visit: Visit, tried: Map) -> None:
    """Nothing is computed before it is opened."""
    box = st.expander("Can I trust this map?", icon=":material/balance:", key=f"trust-{tried.name}", on_change="rerun")
    if not box.open:
        return
    with box:
        values = tried.make(visit.tools)
        verdict = visit.once(("verdict", tried.name, visit.asked), lambda: _verdict(visit, values))
        st.markdown(_judgement(visit, verdict))
        _curves(visit, tried, verdict)
        _shuffled(visit, tried, values)


def _verdict(visit: Visit, values: NDArray[np.float64]) -> Verdict:
    trial = Trial(visit.tools.lean, visit.prepared.tensor, visit.asked)
    bar = st.progress(0.0, "Trying the map against the same map at random places …")
    for verdict in trial.verdicts(on_pixels(values, len(visit.prepared.resized))):
        bar.progress(len(verdict.controls) / CONTROLS, f"Random place {len(verdict.controls)} of {CONTROLS} …")
    bar.empty()
    return verdict


def _judgement(visit: Visit, verdict: Verdict) -> str:
    shown = subject(visit)
    as_good = len(verdict.controls) - verdict.beaten
    against = f"{verdict.beaten} of {len(verdict.controls)} copies of it at random places"
    areas = (
        f"Area under its deletion curve {words.number(verdict.curves.deletion_area)} (less is better), under its insertion "
        f"curve {words.number(verdict.curves.insertion_area)} (more is better)."
    )
    if verdict.no_better_than_random:
        return (
            f"**This map is no better than random**: for {shown}, {as_good} of {len(verdict.controls)} copies of it at random "
            f"places do as well. {areas}"
        )
    if not verdict.clearly_better:
        return (
            f"**This map is not clearly better than random**: for {shown} it does better than {against}, but a map that means "
            f"nothing does as well with a chance of {words.percent(verdict.chance)}. {areas}"
        )
    return f"**This map points at what the answer rests on**: for {shown} it does better than {against}. {areas}"


def _curves(visit: Visit, tried: Map, verdict: Verdict) -> None:
    shown = probability(visit)
    shares = verdict.curves.shares.tolist()
    across = Axis("share of the pixels", 0, 1, share=True)
    up = Axis(shown, 0, 1, share=True)
    both = (
        ("deletion", f"**Deletion**: its strongest pixels become {words.zero(visit.network.card.preprocessing)} first"),
        ("insertion", "**Insertion**: its strongest pixels come into the blurred photo first"),
    )
    for column, (kind, heading) in zip(st.columns(2, gap="medium"), both, strict=True):
        own = getattr(verdict.curves, kind)
        control = np.mean([getattr(each, kind) for each in verdict.controls], 0)
        with column:
            st.markdown(heading)
            chart(
                [Line("this map", shares, own.tolist()), Line("random places, mean", shares, control.tolist())],
                across,
                up,
                key=state.component_key(f"{kind}-{tried.name}", visit),
                label=f"{shown[0].upper()}{shown[1:]}, by {kind}: from {own[0]:.0%} to {own[-1]:.0%}",
            )


def _shuffled(visit: Visit, tried: Map, values: NDArray[np.float64]) -> None:
    forgotten = tried.make(visit.tools.forgetful)
    alike = similarity(values, forgotten)
    st.markdown(
        f"**With its weights shuffled** the network has forgotten all it learned. The same map of it has a rank correlation of "
        f"**{alike:.2f}** with the map above{_meaning(alike)}".replace("-", "−")
    )
    both = (("as it learned", values), ("weights shuffled", forgotten))
    for column, (title, each) in zip(st.columns(len(both), gap="medium"), both, strict=True):
        with column:
            st.caption(title.capitalize())
            show(visit, replace(tried, name=f"{title}-{tried.name}", label=f"The map of the network, {title}"), each)
    st.caption(
        "What this cannot tell: a photo with pixels taken out is unlike anything the network learned from, and its answer to it "
        "may fall for that reason alone. That is why the copies at random places are there."
    )


def _meaning(alike: float) -> str:
    if alike >= ALIKE:
        return ": **they are alike, so much of this map is the photo's own outlines**, not what was learned."
    if alike >= PARTLY:
        return ": they are alike in part, so some of this map is the photo's own outlines, and some what was learned."
    return ": they differ, so the map does depend on what was learned."
