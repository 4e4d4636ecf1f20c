"""What the network says of the photo: the photo with its evidence, the bars, and what the network really sees."""

import streamlit as st

from convoscope import words
from convoscope.card import ModelError
from convoscope.evaluation import Noticing
from convoscope.prepare import Crop
from ui import own_photos, state
from ui.components.bars import bars
from ui.components.crop import crop
from ui.components.maps import maps
from ui.parts.seen import seen
from ui.visit import Visit


def answer(visit: Visit) -> None:
    photo, sure, sees = st.columns([1.3, 1.3, 1], gap="medium", border=True)
    with photo:
        _photo(visit)
    with sure:
        _bars(visit)
    with sees:
        _sees(visit)


def evidence_in_words(visit: Visit) -> str:
    """Which class is looked at, if not the best, and where the evidence for it lies (Markdown)."""
    other = "" if visit.answer == visit.prediction.best.index else words.chosen(visit.prediction, visit.answer)
    name = visit.network.card.classes[visit.answer]
    return f"{other} {words.evidence_sentence(visit.evidence, name) if visit.evidence else ''}"


def doubt_in_words(visit: Visit) -> str:
    """Why the photo may show none of the classes; empty if nothing says so (Markdown)."""
    if visit.unnamed:
        called = words.listed(visit.unnamed.called, "or")
        return f"**None of its classes** has {called} in its name: it picks one of them all the same."
    try:
        found = visit.doubt
    except ModelError as failure:
        return words.plain(str(failure))
    if found is None or not found.warns:
        return ""
    if found.unlike > 0:
        return (
            "**It may be none of its classes**: the layers respond to this picture in a way that they hardly ever do to pictures "
            "like those it learned from."
        )
    return (
        "**It may be none of its classes**: the probability is spread over many of them, more than for nearly all photos that do "
        "show one."
    )


def _photo(visit: Visit) -> None:
    if visit.evidence:
        st.markdown("**The photo**, and where the evidence lies", help=_EVIDENCE_HELP)
    else:
        st.markdown("**The photo**")
    key = state.component_key("crop", visit)
    crop(
        visit.photo,
        visit.crop,
        key=key,
        label=f"{visit.photo_title}; the network sees a square of it. Arrow keys move the square, plus and minus zoom.",
        evidence=visit.evidence,
        class_name=visit.network.card.classes[visit.answer],
        on_move=state.taken(key, "square", lambda square: state.select(crop=Crop(**square))),
    )
    st.caption(_sum(visit))
    if visit.photo.changes:
        whose = "your" if visit.selection.photo in own_photos.names() else "this"
        st.caption(f"Of {whose} file: {words.plain(', '.join(visit.photo.changes))}.")


def _sum(visit: Visit) -> str:
    evidence = visit.evidence
    if evidence is None:
        return (
            "No exact map of the evidence is known for this network: only for one that ends in one dense layer on its last maps, "
            "averaged or flattened."
        )
    name = words.plain(visit.network.card.classes[visit.answer])
    return (
        f"Green spoke for {name}, purple against. The sum of the {evidence.values.size} cells and the bias is its score, the "
        f"logit: {words.addition(float(evidence.values.sum()), evidence.bias)}. ONNX Runtime's own value differs by "
        f"{words.tiny(evidence.logit - float(visit.prediction.logits[visit.answer]))}."
    )


def _bars(visit: Visit) -> None:
    st.markdown("**How sure**", help=_PROBABILITY_HELP.format(temperature=visit.network.card.temperature))
    key, shown = state.component_key("bars", visit), visit.answer
    bars(
        visit.prediction.answers,
        shown,
        key=key,
        on_choose=state.taken(key, "chosen", lambda index: state.select(answer=None if index == shown else index)),
    )
    st.caption(f"{_knows(visit)} {_accuracy(visit)}")


def _sees(visit: Visit) -> None:
    resized = visit.prepared.resized
    size, channels = resized.shape[0], resized.shape[2]
    st.markdown(f"**What the network really sees**: {size} × {size} × {channels}")
    maps([seen(visit)], key="sees", label="What the network sees", size=440, layout="single")
    colours = "red, green and blue" if channels == 3 else "grey"
    st.caption(
        f"The square, {_resized(visit)} {size} × {size} pixels of {colours}. Everything on these pages is computed from these "
        f"{resized.size:,} numbers."
    )


def _resized(visit: Visit) -> str:
    side, size = visit.crop.side, visit.prepared.resized.shape[0]
    if side >= size:
        return "reduced to"
    return f"only {side} × {side} pixels of the photo as it is kept, enlarged to"


def _accuracy(visit: Visit) -> str:
    results = visit.network.card.results
    if results is None:
        return "How often this network is right has not been measured."
    where, first = words.plain(results.measured_on), words.percent(results.top1.value)
    top5 = f", one of its first five for {words.percent(results.top5.value)}" if results.top5 else ""
    return (
        f"Measured on {results.pictures:,} pictures it had never seen ({where}): its first answer is right for **{first}**{top5}."
    )


def _knows(visit: Visit) -> str:
    card, evaluation = visit.network.card, visit.report.evaluation
    knows = f"It knows {len(card.classes):,} classes only ({words.plain(card.description)}), and always picks among them."
    return f"{knows} {_rates(evaluation.noticing)}" if evaluation and evaluation.noticing else knows


def _rates(noticing: Noticing) -> str:
    """What its doubts are worth, in words."""
    wrongly = f"of 100 that do show one of its classes it wrongly doubts {noticing.own.warned.value * 100:.0f}"
    if noticing.foreign is None:
        return f"It may doubt a picture: {wrongly}; how many photos of other things it notices was not measured."
    known = f" (of ordinary photos {noticing.known.warned.value * 100:.0f})" if noticing.known else ""
    return f"Of 100 photos of other things it notices {noticing.foreign.warned.value * 100:.0f}; {wrongly}{known}."


_EVIDENCE_HELP = (
    "After the last convolution the network only adds up: each position's activations times the class's weights, and a fixed "
    "number for the class, its bias. So each cell's share of the score, the logit, is exact. The logits of all classes "
    "together give the percentages. A cell has looked at far more of the photo than its own place, though: the map tells where "
    "the network put the evidence together, not which pixels it is from."
)
_PROBABILITY_HELP = (
    "Probabilities: the softmax of the network's scores (logits) divided by {temperature}, the temperature at which the "
    "percentages fit how often the network is right. The scale always runs from 0 to 100 %. Choose a class to see where the "
    "evidence for it lies."
)
