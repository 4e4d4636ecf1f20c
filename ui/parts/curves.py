"""The course of a network's training: the loss, and the accuracy on pictures that it does not learn from."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import streamlit as st

from convoscope.history import Epoch
from ui.components.chart import Axis, Line, chart
from ui.visit import Visit


def curves(visit: Visit, step: int | None = None) -> None:
    """step: a moment of training to mark."""
    epochs, evaluation = visit.report.epochs, visit.report.evaluation
    if not epochs:
        st.caption("No log of its training was kept.")
        return
    steps = [each.step for each in epochs]
    moments = evaluation.moments if evaluation else ()
    across = Axis("training step", 0, steps[-1], log=bool(moments))
    loss, right = st.columns(2, gap="medium")
    with loss:
        st.markdown("**Loss** on the pictures it learns from", help="The cross-entropy that each step makes a little smaller.")
        losses = [each.loss for each in epochs]
        chart(
            [Line("loss", steps, losses)],
            across,
            Axis("loss", 0, max(losses)),
            key=f"loss-{visit.network.key[:8]}",
            label=f"Training loss fell from {losses[0]:.2f} to {losses[-1]:.2f}",
            mark=step,
        )
    with right:
        st.markdown("**Accuracy** on pictures that it does not learn from")
        accuracies = [each.accuracy for each in epochs]
        lines = [Line("held out from training", steps, accuracies)]
        if moments:
            lines.insert(0, Line("test pictures", [each.step for each in moments], [each.top1 for each in moments]))
        chart(
            lines,
            across,
            Axis("share right", 0, 1, share=True),
            key=f"accuracy-{visit.network.key[:8]}",
            label=f"Held-out accuracy rose from {accuracies[0]:.0%} to {accuracies[-1]:.0%}",
            mark=step,
        )
    said = ["The curves measured during training begin at the end of epoch 1.", *_sizes(epochs)]
    if moments:
        said.insert(0, "The steps are spread by powers of ten.")
        said.append(
            "Pictures held out were tried in the size of the time, normalised by running means; test pictures in full size, by "
            "means counted anew for each moment: so these lines may part."
        )
    st.caption(" ".join(said))


def _sizes(epochs: Sequence[Epoch]) -> Iterator[str]:
    """Where the pictures it learned from became larger, which shows in the curves."""
    for before, after in pairwise(epochs):
        if before.size != after.size:
            sizes = [f"{each.size} × {each.size}" for each in (before, after)]
            yield f"Up to step {before.step:,} it learned from pictures of {sizes[0]}, then of {sizes[1]}."
