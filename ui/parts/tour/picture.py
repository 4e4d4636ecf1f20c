"""Chapter 1: a picture is numbers."""

from convoscope import words
from convoscope.prepare import normalise
from ui import state
from ui.components.pictures import Picture
from ui.components.pixels import pixels
from ui.parts.tour.prose import prose
from ui.parts.tour.question import Question
from ui.visit import Visit

CODE = (normalise,)


def draw(visit: Visit) -> None:
    shown = visit.prepared.resized
    size, _, channels = shown.shape
    each = (
        "three numbers for each pixel: its **red**, **green** and **blue**. Each colour is a channel"
        if channels == 3
        else "one number for each pixel: how bright it is. A grey picture has **one channel**"
    )
    prose(
        f"The network gets {visit.photo_title} as {size} × {size} pixels, and {each}. Every number lies between 0, dark, and "
        f"255, bright. That makes {size} × {size} × {channels} = **{shown.size:,} numbers**, and nothing else."
    )
    prose("Move over the photo, with pointer or finger: the glass shows the numbers beneath. Zoom in and out.")
    label = f"What the network sees of {visit.photo_title}. Arrow keys move the glass"
    pixels(Picture(shown), key=state.component_key("pixels", visit), label=label)
    prose(_normalised(visit))


def question(visit: Visit) -> Question:
    size, _, channels = visit.prepared.resized.shape
    counts = [size * size * each for each in (1, 2, 3)]
    return Question(
        f"In grey, how many numbers describe this picture of {size} × {size} pixels?",
        tuple(f"{count:,}" for count in counts),
        right=0,
        why=f"Grey needs one number per pixel: {size} × {size} × 1 = {counts[0]:,}. In colour it is three: {counts[2]:,}. "
        f"This network takes {'colour' if channels == 3 else 'grey'}.",
    )


def _normalised(visit: Visit) -> str:
    """What becomes of the pixel in the middle."""
    made, middle = visit.network.card.preprocessing, visit.prepared.resized.shape[0] // 2
    pixel = int(visit.prepared.resized[middle, middle, 0])
    value = float(visit.prepared.tensor[0, 0, middle, middle])
    channel = "red" if made.channel_count == 3 else "brightness"
    how = "scaled as this network takes them"
    if made.is_centred:
        how = "moved to around zero: minus the mean of many photos, divided by their spread"
    mean = f"{'+' if made.mean[0] < 0 else '−'} {abs(made.mean[0]):g}"
    return (
        f"Before the first layer the numbers are {how}. "
        f"The {channel} of the pixel in the middle, row {middle + 1}, column {middle + 1}: ({pixel} ÷ 255 {mean}) ÷ "
        f"{made.std[0]:g} = **{words.number(value)}**."
    )
