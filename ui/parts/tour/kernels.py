"""Chapter 3: many kernels, many maps."""

import numpy as np

from convoscope import words
from convoscope.firsts import Convolution, first_convolution
from convoscope.operations import convolve
from convoscope.render import scale_of
from convoscope.strength import responding, strongest_first
from ui import state
from ui.components.maps import Tile, maps
from ui.parts.kernel_tiles import kernel_tiles
from ui.parts.seen import seen
from ui.parts.tour.gallery import gallery
from ui.parts.tour.onward import to_its_page
from ui.parts.tour.prose import prose
from ui.parts.tour.question import Question, bucket
from ui.visit import Visit

CODE = (convolve,)
_SHARES = ("fewer than half", "half to nine in ten", "more than nine in ten")


def draw(visit: Visit) -> None:
    first = first_convolution(visit.network, visit.prepared, visit.trace)
    if first is None:
        prose("The first layer of this network is no convolution that looks at the photo itself, so it has no kernels to show.")
        return
    count, channels, height, width = first.kernels.shape
    prose(
        f"The first layer of this network has **{count} kernels**. Nobody drew them: they were learned. Each is {height} × "
        f"{width} and looks at {'red, green and blue at once' if channels == 3 else 'the one grey channel'}, so it multiplies "
        f"{height} × {width} × {channels} = {height * width * channels} numbers at each place, adds them up, and adds one number "
        f"more, its bias. {count} kernels make **{count} maps**: kernel {count - 1} makes map {count - 1}, which "
        f"other pages call channel {count - 1}. Others say filter for a kernel, and feature map for what it makes."
    )
    prose(
        "**The kernels**"
        + (" in colour; grey is zero" if channels == 3 else "; brown is negative, white zero, green positive")
        + ". Each is on its own scale: the number below is its largest weight."
    )
    maps(
        kernel_tiles(visit),
        key=state.component_key("tour-kernels", visit),
        label="Kernels of the first layer",
        size=48,
        layout="strip",
    )
    prose(f"**The maps** they make of {visit.photo_title}, strongest first. Red is negative, blue positive. Choose one.")
    scale = scale_of(first.after, "signed")
    tiles = [
        Tile(
            channel,
            f"kernel {channel}",
            words.number(first.after[channel].max()),
            words.map_text(first.after[channel]),
            first.after[channel],
            scale,
        )
        for channel in map(int, strongest_first(first.after))
    ]
    gallery(tiles, scale, key=state.component_key("tour-maps", visit), label="Maps of the first layer", picture=seen(visit))
    place = np.unravel_index(int(first.after.argmax()), first.after.shape)
    channel, row, column = (int(at) for at in place)
    prose(_one_number(first, channel, row, column))
    to_its_page(visit, first.stage, channel, (row, column), "See each of its products")


def question(visit: Visit) -> Question:
    first = first_convolution(visit.network, visit.prepared, visit.trace)
    stage = next((stage for stage in visit.network.stages if stage.is_maps), None)
    if stage is None:
        return Question("How many maps do 8 kernels make?", ("1", "8", "64"), right=1, why="Each kernel makes one.")
    values = first.after if first else visit.trace.values(stage)
    count = responding(values)
    ask = f"How many of the {len(values)} maps of the first layer are above zero somewhere?"
    if first:
        ask = f"How many of the {len(values)} kernels find something in this photo, so that their map is above zero somewhere?"
    return Question(
        ask,
        tuple(share.capitalize() for share in _SHARES),
        right=bucket(count / len(values), (0.5, 0.9000001)),
        why=f"{count} of {len(values)} do.",
    )


def _one_number(first: Convolution, channel: int, row: int, column: int) -> str:
    """The strongest number of the layer, computed again."""
    again = convolve(first.before, first.kernels[channel : channel + 1], first.bias[channel : channel + 1], first.window)[
        0, row, column
    ]
    shown = float(first.after[channel, row, column])
    products = again - float(first.bias[channel])
    return (
        f"The largest of all these numbers is made by kernel {channel}, in row {row + 1}, column {column + 1}: its "
        f"{first.kernels[channel].size} products and its bias add up: {words.addition(products, float(first.bias[channel]))}. "
        f"ONNX Runtime, which runs the network, differs by {words.tiny(again - shown)}."
    )
