"""The weights of a convolution as pictures, and how they are spread."""

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from convoscope import words
from convoscope.kernels import NEAR_ZERO, entering, histogram, kernels, near_zero, norms
from convoscope.render import Scale, scale_of
from convoscope.strength import strongest_first
from ui.components.chart import Axis, Line, chart
from ui.components.maps import Tile, maps
from ui.components.table import Cell, table
from ui.parts.kernel_tiles import kernel_tiles
from ui.visit import Visit

COLOURS = ("red", "green", "blue")
INPUTS = 12  # input channels whose kernels are shown of one channel


def kernel_pictures(visit: Visit) -> None:
    """Of the chosen layer: all kernels in colour where it looks at the photo, those of one channel, and all in numbers."""
    values = kernels(visit.network, visit.layer)
    if values is None:
        st.markdown(f"**{words.plain(visit.layer.title)}** is no convolution: it has weights, but no kernels.")
        return
    st.markdown(_sentence(visit, values), help=_HELP)
    scale = scale_of(values, "weights")
    if visit.layer.number == 1 and values.shape[1] == 3:
        _in_colour(visit)
    _of_one_channel(visit, values, scale)
    spread, sizes = st.columns(2, gap="large")
    with spread:
        _spread(visit, values)
    with sizes:
        _norms(visit, values)


def _sentence(visit: Visit, values: NDArray[np.float32]) -> str:
    outputs, inputs, height, width = values.shape
    share, limit = float(near_zero(values).mean()), NEAR_ZERO * float(np.abs(values).max())
    return (
        f"**{words.plain(visit.layer.title)}** has {outputs * inputs:,} kernels of {height} × {width}: {inputs:,} for each of "
        f"its {outputs:,} channels. Of its {values.size:,} weights **{words.percent(share)}** are near zero, smaller than "
        f"{words.number(limit)}, {NEAR_ZERO:.0%} of the largest."
    )


def _in_colour(visit: Visit) -> None:
    st.caption(
        "What each channel looks for in the photo. Grey is zero; a colour is what it adds up, its opposite what it subtracts. "
        "Each is on its own scale: the number below is its largest weight."
    )
    maps(kernel_tiles(visit), key=f"kernels-colour-{visit.network.key[:8]}", label="Kernels in colour", size=48, layout="strip")


def _of_one_channel(visit: Visit, values: NDArray[np.float32], scale: Scale) -> None:
    channel = _channel(visit, len(values))
    sizes, sources = norms(values[channel]), entering(visit.network, visit.layer, channel)
    order = np.argsort(-sizes, kind="stable")[:INPUTS]
    which, rest = "its", ""
    if len(order) < len(sizes):
        share = float(np.square(sizes[order]).sum() / (np.square(sizes).sum() or 1))
        which, rest = (
            f"the {len(order)} strongest of its",
            f" They hold {words.percent(share)} of the sum of its squared weights.",
        )
    count = f"{len(sizes)} kernel{'' if len(sizes) == 1 else 's'}"
    st.caption(f"**Channel {channel}**: {which} {count}, each named by the input channel that it looks at.{rest}")
    tiles = []
    for at in map(int, order):
        source, kernel = int(sources[at]), np.ascontiguousarray(values[channel, at])
        tiles.append(Tile(source, _input(visit, source), f"norm {words.number(sizes[at])}", _text(kernel), kernel, scale))
    key = f"kernels-{visit.network.key[:8]}-{visit.layer.name}"
    maps(tiles, key=key, label=f"Kernels of channel {channel}", size=72, layout="strip", legend=scale)


def _spread(visit: Visit, values: NDArray[np.float32]) -> None:
    found = histogram(values)
    peak, highest = float(found.centres[-1]), float(found.shares.max())
    fullest = words.number(float(found.centres[found.shares.argmax()]))
    chart(
        [Line("share of the weights", found.centres.tolist(), found.shares.tolist())],
        Axis("weight", -peak, peak),
        Axis("share of the weights", 0, highest, share=True),
        key=f"weights-{visit.network.key[:8]}-{visit.layer.name}",
        label=f"Histogram of {values.size:,} weights: the most, {words.percent(highest)}, in the bin around {fullest}",
    )


def _norms(visit: Visit, values: NDArray[np.float32]) -> None:
    sizes, none = norms(values), near_zero(values).reshape(len(values), -1).mean(1)
    rows = [
        [
            Cell(f"channel {channel}", channel),
            Cell(words.number(size), float(size), float(size / (sizes.max() or 1))),
            Cell(words.percent(share), float(share)),
        ]
        for channel, (size, share) in enumerate(zip(sizes, none, strict=True))
    ]
    key = f"norms-{visit.network.key[:8]}-{visit.layer.name}"
    table(("Channel", "Norm", "Near zero"), rows, key=key, label=f"Norm of each channel's kernels, {visit.layer.title}")


def _channel(visit: Visit, channels: int) -> int:
    """The chosen channel, or the strongest for this photo."""
    if visit.selection.channel is not None and visit.selection.channel < channels:
        return visit.selection.channel
    stage = next(each for each in visit.layer.stages if each.tensor == visit.layer.name)
    return int(strongest_first(visit.trace.values(stage))[0])


def _input(visit: Visit, source: int) -> str:
    if visit.layer.number > 1:
        return f"input {source}"
    return COLOURS[source] if visit.network.card.preprocessing.channel_count == len(COLOURS) else "grey"


def _text(kernel: NDArray[np.float32]) -> str:
    return f"weights from {words.number(kernel.min())} to {words.number(kernel.max())}"


_HELP = (
    "A kernel is the small grid of weights that a convolution multiplies each window of one input channel with. A channel adds "
    "up what all its kernels give. The norm is the root of the sum of squared weights: how much a kernel can do at all."
)
