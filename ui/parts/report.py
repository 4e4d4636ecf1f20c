"""What was measured of a network, how it was trained, and what it cannot do; "not measured" where so."""

import streamlit as st

from convoscope import words
from convoscope.card import Card, Interval, Results
from convoscope.evaluation import Noticed, Noticing, by_class
from ui import own_photos, shared
from ui.components.chart import Axis, Line, chart
from ui.components.matrix import matrix
from ui.components.table import Cell, table
from ui.parts.curves import curves
from ui.visit import Visit

NOT_MEASURED = "Not measured for this network."
SHARE = Axis("share right", 0, 1, share=True)
CHARTS_PER_ROW = 3
WORST = 10  # pairs that are told in words
ENOUGH = 20  # pictures whose share is worth a point


def summary(visit: Visit) -> None:
    """How often it is right, and what that means for this photo."""
    for problem in visit.report.problems:
        st.warning(words.plain(problem), icon=":material/warning:")
    told, tried = st.columns([1, 1.5], gap="large")
    told.markdown(f"{_accuracy(visit)}\n\n{_of_this_photo(visit)}")
    tried.markdown(_everywhere(visit))


def classes(visit: Visit) -> None:
    st.subheader("Which classes does it know well?", anchor=False)
    evaluation, card = visit.report.evaluation, visit.network.card
    if evaluation is None:
        st.markdown(NOT_MEASURED)
        return
    found = [each for each in by_class(evaluation, card.classes) if each]
    best, worst = max(found, key=lambda each: each.recall.value), min(found, key=lambda each: each.recall.value)
    said = f"Best: **{words.plain(best.name)}**, {words.percent(best.recall.value)} right."
    if worst.recall.value < best.recall.value:
        mistake = f", most often taken for {words.plain(worst.mistake)}" if worst.mistake else ""
        said += f" Worst: **{words.plain(worst.name)}**, {words.percent(worst.recall.value)}{mistake}."
    else:
        said = f"All alike: {words.percent(best.recall.value)} right."
    st.markdown(
        said,
        help="Recall: share of the pictures of the class that were named so. Precision: share of the pictures named so that "
        "were of the class. A heading sorts.",
    )
    rows = [
        [
            Cell(each.name, each.name.lower()),
            _share(each.recall),
            _share(each.precision),
            Cell(f"{each.mistake} ({each.mistakes})" if each.mistake else "", each.mistakes),
        ]
        for each in found
    ]
    headings = ("Class", "Recall", "Precision", "Most often taken for")
    table(headings, rows, key=f"classes-{visit.network.key[:8]}", label="How often each class is right", sorted_by=1)
    fewest, most = min(each.pictures for each in found), max(each.pictures for each in found)
    count = f"{most:,}" if fewest == most else f"{fewest:,} to {most:,}"
    st.caption(f"Of {words.plain(evaluation.measured_on)}; {count} pictures of each class.")


def confusion(visit: Visit) -> None:
    st.subheader("What does it take for what?", anchor=False)
    evaluation, names = visit.report.evaluation, visit.network.card.classes
    if evaluation is None:
        st.markdown(NOT_MEASURED)
        return
    counts = evaluation.matrix(len(names))
    seen = counts.sum(1)
    pairs = evaluation.worst_pairs(len(names), WORST)
    grid, worst = st.columns([1.6, 1], gap="large")
    with grid:
        matrix(
            counts,
            names,
            evaluation.order,
            key=f"matrix-{visit.network.key[:8]}",
            label=f"Confusion matrix of {len(names)} classes: {counts.trace():,} of {counts.sum():,} pictures right",
        )
    with worst:
        st.markdown("**Most frequent mistakes**", help="Of the pictures of the first class, how many were given the second name.")
        st.markdown(
            "\n".join(
                f"1. {words.plain(names[label])}, taken for **{words.plain(names[answer])}**: {count} of {seen[label]}"
                for label, answer, count in pairs
            )
            or "None."
        )
    st.caption("Classes that are often confused stand next to each other, so mistakes gather along the diagonal.")


def calibration(visit: Visit) -> None:
    st.subheader("Do its percentages mean what they say?", anchor=False)
    evaluation, card = visit.report.evaluation, visit.network.card
    if evaluation is None or all(each.pictures < ENOUGH for each in evaluation.bins):
        st.markdown(NOT_MEASURED)
        return
    bins = [each for each in evaluation.bins if each.pictures >= ENOUGH]
    far = max(bins, key=lambda each: abs(each.right - each.confidence))
    st.markdown(
        f"On average they are off by **{evaluation.calibration_error * 100:.1f} points**. Of the groups of {ENOUGH} pictures or "
        f"more the furthest off is that where it said about {words.percent(far.confidence)}: there it was right for "
        f"{words.percent(far.right)} of {far.pictures:,}.",
        help="The pictures are grouped by how sure the network was of its first answer; for each group, how often that answer "
        "was right: a reliability chart. On the dashed line, percentages are what they say. The average is the expected "
        "calibration error.",
    )
    chart(
        [
            Line("as sure as right", (0, 1), (0, 1), quiet=True),
            Line("right", [each.confidence for each in bins], [each.right for each in bins]),
        ],
        Axis("how sure", 0, 1, share=True),
        SHARE,
        key=f"calibration-{visit.network.key[:8]}",
        label="Reliability: " + "; ".join(f"{each.confidence:.0%} sure, {each.right:.0%} right" for each in bins),
    )
    st.caption(f"Of {words.plain(evaluation.measured_on)}; groups of fewer than {ENOUGH} pictures are left out of the chart.")
    if card.calibration:
        st.caption(
            f"Expected calibration error on {words.plain(card.calibration.measured_on)}: {card.calibration.ece_before:.3f} as "
            f"trained, {card.calibration.ece_after:.3f} with the temperature {card.calibration.temperature:g} that was chosen on "
            "them."
        )


def robustness(visit: Visit) -> None:
    st.subheader("How much does a worse photo hurt it?", anchor=False)
    evaluation = visit.report.evaluation
    if evaluation is None or not evaluation.robustness:
        st.markdown(NOT_MEASURED)
        return
    st.caption(
        f"Its accuracy on {evaluation.robustness[0].pictures:,} of the test pictures, changed as the network sees them: at "
        f"{visit.network.card.preprocessing.size} × {visit.network.card.preprocessing.size} pixels."
    )
    for first in range(0, len(evaluation.robustness), CHARTS_PER_ROW):
        for column, each in zip(st.columns(CHARTS_PER_ROW), evaluation.robustness[first : first + CHARTS_PER_ROW], strict=False):
            with column:
                st.markdown(f"**{each.change[0].upper()}{each.change[1:]}**")
                chart(
                    [Line("right", each.strengths, each.top1)],
                    Axis(each.unit, each.strengths[0], each.strengths[-1]),
                    SHARE,
                    key=f"{each.change}-{visit.network.key[:8]}",
                    label=f"{each.change}: from {each.top1[0]:.0%} right to {each.top1[-1]:.0%} at {each.strengths[-1]:g}",
                )


def noticing(visit: Visit) -> None:
    st.subheader("Does it notice what it does not know?", anchor=False)
    evaluation, novelty = visit.report.evaluation, visit.network.card.novelty
    found = evaluation.noticing if evaluation else None
    if found is None or novelty is None:
        st.markdown(NOT_MEASURED)
        return
    st.markdown(
        f"{_noticed(found)} Doubted without reason: **{words.percent(found.own.warned.value)}** of the test pictures, which do "
        "show one of its classes.",
        help="A photo is doubted when the probability is spread over many classes (its entropy is high), or when the strengths "
        "of the layers' activations are unlike those for known pictures (their Mahalanobis distance is large). Both limits were "
        "chosen on pictures of its classes only.",
    )
    kinds = [each for each in (found.own, found.known, found.foreign, *found.made) if each]
    rows = [
        [Cell(each.kind, at), _counted(each, each.warned), _counted(each, each.sure), Cell(f"{each.pictures:,}", each.pictures)]
        for at, each in enumerate(kinds)
    ]
    headings = ("Pictures of", "Doubted", "Almost certain all the same", "How many")
    table(headings, rows, key=f"noticing-{visit.network.key[:8]}", label="How often pictures of each kind are doubted")
    st.caption(
        f"With 95 % intervals. Almost certain: {words.SURE * 100:.0f} % or more, and not doubted. Limits chosen on "
        f"{words.plain(novelty.measured_on)}, so that {words.percent(novelty.false_warnings)} of them are doubted."
    )
    if found.apart is not None:
        st.caption(
            f"A photo of something else seems more foreign than a photo of one of its classes in {words.percent(found.apart)} of "
            "all pairs (the area under the ROC curve): 50 % would be guessing."
        )


def training(visit: Visit) -> None:
    st.subheader("How was it trained?", anchor=False)
    origin, licence = visit.network.card.origin, visit.network.card.licence
    if origin:
        st.markdown(
            f"On **{words.plain(origin.data)}**, {origin.epochs} epochs in {_duration(origin.seconds)} on "
            f"{words.plain(origin.machine)}: {origin.flops:.1e} floating-point operations. "
            f"Finished {words.plain(origin.trained)}. Recipe: {words.plain(origin.recipe)}."
        )
    else:
        st.markdown("Nothing is known of its training.")
    st.caption(f"Licence of the weights: {words.plain(licence) if licence else 'not stated'}.")
    curves(visit)


def speed() -> None:
    benchmarks = shared.benchmarks()
    st.caption(
        "Speed and memory of this app, measured with the network that it ships as the first:"
        if benchmarks
        else "Speed and memory: not measured."
    )
    for benchmark in benchmarks:
        with st.expander(benchmark.title):
            rows = [
                f"| {words.plain(row.what)} | {words.plain(row.text)} | {words.plain(row.against)} |" for row in benchmark.rows
            ]
            st.markdown("\n".join(["| Measured | | Compared |", "|:-|-:|:-|", *rows]))
            st.caption(f"`{benchmark.command}`, {words.plain(benchmark.machine)}, {benchmark.date}.")


def limits(visit: Visit) -> None:
    card = visit.network.card
    size = card.preprocessing.size
    st.subheader("What can it not do?", anchor=False)
    st.markdown(
        f"* It knows {len(card.classes):,} names ({words.plain(card.description)}) and gives every photo one of them, also a "
        f"photo of something else{_unnoticed(visit)}.\n"
        f"* It sees one square of the photo, {size} × {size} pixels: small things in it are lost.\n"
        f"* {_at_best(card)}. Other photos, drawings or screenshots can do worse."
    )


def _at_best(card: Card) -> str:
    if card.results and not card.origin:
        return f"It was measured on {words.plain(card.results.measured_on)}"
    return f"{'It was measured on' if card.results else 'At best it knows'} pictures like those it learned from"


def privacy() -> None:
    st.subheader("What happens to my photo?", anchor=False)
    st.markdown(
        "It is sent to the machine that runs this app, reduced, and kept in memory for this visit and, as a phone may lose its "
        f"connection, for {own_photos.minutes_kept()} minutes after it. It is not stored, not used for training and never part "
        "of a link. While a large file arrives, the server may hold it in a temporary file that has no name and is gone with "
        "the upload. Nothing is sent to anybody else."
    )


def _accuracy(visit: Visit) -> str:
    card, results = visit.network.card, visit.network.card.results
    if results is None:
        return (
            "How often this network is right has not been measured. Its owner can measure it, with pictures that it was not "
            f"trained on: `python -m train measure models/{visit.selection.model} --data FOLDER`."
        )
    top1 = results.top1
    return (
        f"Of {results.pictures:,} pictures it had never seen it names **{words.percent(top1.value)}** right (95 % interval "
        f"{_between(top1)} %). Guessing among {len(card.classes):,} classes would give "
        f"{words.percent(1 / len(card.classes))}."
    )


def _everywhere(visit: Visit) -> str:
    """How often it is right on all that it was tried on (a Markdown table)."""
    evaluation = visit.report.evaluation
    tried: list[tuple[str, Results | None]] = [(" pictures: {}", visit.network.card.results)]
    if evaluation:
        averaged = evaluation.averaged
        tried += [
            (", the average of several squares of each", averaged.test if averaged else None),
            (" ordinary photos of its classes", evaluation.photos),
            (", the average of several squares of each", averaged.photos if averaged else None),
            (" pictures: {}", evaluation.few),
        ]
    rows = [
        f"| {each.pictures:,}{name.format(words.plain(each.measured_on))} | {words.percent(each.top1.value)} | "
        f"{_between(each.top1)} | {words.percent(each.top5.value) if each.top5 else '–'} |"
        for name, each in tried
        if each
    ]
    headings = "| tried on | right | 95 % interval | among its first five |"
    return "\n".join([headings, "|---|---:|---:|---:|", *rows]) if rows else ""


def _between(share: Interval) -> str:
    """'62.0–63.9', in per cent, in one line."""
    return f"{share.low * 100:.1f}\N{WORD JOINER}–\N{WORD JOINER}{share.high * 100:.1f}"


def _of_this_photo(visit: Visit) -> str:
    """What the measurements say of the answer for this photo."""
    best, evaluation = visit.prediction.best, visit.report.evaluation
    if evaluation is None:
        return ""
    said = f"It takes {visit.photo_title} for **{words.plain(best.name)}**, with {words.percent(best.probability)}"
    here = evaluation.bin_of(best.probability)
    if here and here.pictures >= ENOUGH:
        about = f"{here.low * 100:.0f} to {here.high * 100:.0f} %"
        said += f"; when it was about that sure ({about}), it was right for **{words.percent(here.right)}**"
    result = by_class(evaluation, visit.network.card.classes)[best.index]
    if result and result.precision:
        said += f". Of all pictures it gave this name, it was right for {words.percent(result.precision.value)}"
    if visit.doubted:
        said += ". But it doubts this one: it may be none of its classes, and those figures are of pictures that are"
    return f"{said}."


def _noticed(found: Noticing) -> str:
    if found.foreign is None:
        return "On photos of other things it was not measured."
    part = found.foreign.warned
    return (
        f"Of photos that show none of its classes it doubts **{words.percent(part.value)}**, and names the others all the same."
    )


def _unnoticed(visit: Visit) -> str:
    """How often it does not notice that a photo shows none of its classes."""
    evaluation = visit.report.evaluation
    foreign = evaluation.noticing.foreign if evaluation and evaluation.noticing else None
    return f": of such photos it does not notice {words.percent(1 - foreign.warned.value)}" if foreign else ""


def _counted(noticed: Noticed, share: Interval) -> Cell:
    """'19.2 % (15.7–23.4)'; of a single picture yes or no."""
    if noticed.pictures == 1:
        return Cell("yes" if share.value else "no", share.value)
    return Cell(f"{words.percent(share.value)} ({share.low * 100:.1f}–{share.high * 100:.1f})", share.value)


def _share(interval: Interval | None) -> Cell:
    if interval is None:
        return Cell("never said", -1)
    return Cell(words.percent(interval.value), interval.value, interval.value)


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.1f} hours"
