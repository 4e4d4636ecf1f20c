"""Chapter 5: max pooling."""

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
        prose("This network has no max pooling between its maps.")
        return
    down, across = step.window
    count, height, width = step.before.shape
    prose(
        f"Max pooling looks at windows of {down.kernel} × {across.kernel} and keeps **the largest number** of each. The map "
        f"shrinks from {height} × {width} to {step.after.shape[1]} × {step.after.shape[2]}. What was found is kept; where "
        "exactly it stood is forgotten. So a cup may sit a little to the left and still be a cup."
    )
    apart = all(axis.stride == axis.kernel for axis in step.window)
    gone = f": **{words.percent(1 - step.after.size / step.before.size)} are gone**" if apart else ""
    prose(f"Of {step.before.size:,} numbers in {count} maps it makes {step.after.size:,}{gone}. Move over either map.")
    pairs = [_pair(step, channel) for channel in map(int, strongest_first(step.after)[:SHOWN])]
    pair(
        pairs,
        step.window,
        "pool",
        key=state.component_key("pool", visit),
        titles=("Before pooling", "After pooling"),
        label=visit.photo_title,
    )


def question(visit: Visit) -> Question:
    step = first_pooling(visit.network, visit.trace)
    if step is None:
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


def _pair(step: Pooling, channel: int) -> Pair:
    before, after = step.before[channel], step.after[channel]
    scale = scale_of(before, "signed" if step.stage.signed else "positive")
    largest = words.number(float(after.max()))
    about = f"Channel {channel}: {before.size:,} numbers become {after.size:,}; the largest of them is {largest}."
    return Pair(f"channel {channel}", about, Picture(before, scale), Picture(after, scale))
