"""Chapter 5: pooling."""

from convoscope import words
from convoscope.firsts import Pooling, first_pooling
from convoscope.operations import max_pool
from convoscope.render import scale_of
from convoscope.strength import strongest_first
from ui import state
from ui.components.pair import Pair, pair
from ui.components.pictures import Picture
from ui.parts.tour.prose import prose
from ui.parts.tour.question import Question
from ui.visit import Visit

CODE = (max_pool,)
SHOWN = 6  # channels


def draw(visit: Visit) -> None:
    step = first_pooling(visit.network, visit.trace)
    if step is None:
        prose(f"This network has no pooling between its maps. {_shrinks(visit)}")
        return
    down, across = step.window
    count, height, width = step.before.shape
    window = f"windows of {down.kernel} × {across.kernel}"
    rows, columns = step.after.shape[1:]
    shrinks = (rows, columns) != (height, width)
    size = f"The map shrinks from {height} × {width} to {rows} × {columns}." if shrinks else f"It stays {height} × {width}."
    if step.operator == "MaxPool":
        prose(
            f"Max pooling looks at {window} and keeps **the largest number** of each. {size} What was found is kept; where "
            "exactly it stood is forgotten. So a cup may sit a little to the left and still be a cup."
        )
    else:
        prose(
            f"This network pools by averaging: it looks at {window} and makes **the mean** of each. {size} What was found is "
            "blurred a little, and matters less exactly where it stood. Max pooling, which most networks have, keeps the largest "
            "number in its place."
        )
    apart = all(axis.stride == axis.kernel for axis in step.window)
    gone = f": **{words.percent(1 - step.after.size / step.before.size)} are gone**" if apart else ""
    prose(f"Of {step.before.size:,} numbers in {count} maps it makes {step.after.size:,}{gone}. Move over either map.")
    pairs = [_pair(step, channel) for channel in map(int, strongest_first(step.after)[:SHOWN])]
    pair(
        pairs,
        step.window,
        "largest" if step.operator == "MaxPool" else "mean",
        key=state.component_key("pool", visit),
        titles=("Before pooling", "After pooling"),
        label=visit.photo_title,
    )


def question(visit: Visit) -> Question:
    step = first_pooling(visit.network, visit.trace)
    if step is None or step.operator != "MaxPool":
        return Question(
            "What does max pooling keep of 1, 4, 2 and 0?", ("their mean", "4", "all"), right=1, why="The largest: 4."
        )
    at = int(strongest_first(step.before)[0])
    before, after = float(step.before[at].mean()), float(step.after[at].mean())
    return Question(
        f"The mean of channel {at} is {words.number(before)} before pooling. And after?",
        ("Smaller", "The same", "Larger"),
        right=1 + (after > before) - (after < before),
        why=f"It is {words.number(after)}. The largest of a window is never below the window's mean.",
    )


def _shrinks(visit: Visit) -> str:
    """What makes the maps smaller in its place."""
    size: tuple[int, ...] = visit.prepared.resized.shape[:2]
    for layer in visit.network.layers:
        for stage in layer.map_stages:
            if stage.operator == "Conv" and "stride" in stage.window and stage.shape[1:] < size:
                made = " × ".join(map(str, stage.shape[1:]))
                return (
                    f"Its maps shrink where a convolution takes larger steps, first in {words.plain(layer.title)} "
                    f"({stage.window}): there they become {made}."
                )
            size = stage.shape[1:]
    return "Its maps shrink only at their borders, if at all."


def _pair(step: Pooling, channel: int) -> Pair:
    before, after = step.before[channel], step.after[channel]
    scale = scale_of(before, step.stage.palette)
    largest = words.number(float(after.max()))
    about = f"Channel {channel}: {before.size:,} numbers become {after.size:,}; the largest of them is {largest}."
    return Pair(f"channel {channel}", about, Picture(before, scale), Picture(after, scale))
