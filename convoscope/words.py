"""Numbers → plain words. Every word is derived from a value that the page shows."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from convoscope.card import Preprocessing
from convoscope.evidence import Evidence
from convoscope.network import Prediction
from convoscope.strength import RESPONSE

_ADDRESS = re.compile(r":(?=//)|www(?=\.)|@", re.IGNORECASE)  # what Markdown would turn into links by itself
_MARKDOWN = re.compile(r"[\\`*_{}\[\]()<>#+.!|$:~&-]")
_ROWS = ("top", "middle", "bottom")
_COLUMNS = ("left", "middle", "right")
SURE, FAIRLY, LEANING = 0.9, 0.6, 0.3  # probabilities from which the words below apply


def plain(text: str) -> str:
    """Somebody else's text for use in Markdown: shown as it is, whatever it holds."""
    return _MARKDOWN.sub(r"\\\g<0>", _ADDRESS.sub("\\g<0>\N{WORD JOINER}", text))


def percent(probability: float) -> str:
    """'86.1 %', with a space that does not break; what would round to 0 or 100 without being it says so."""
    text = f"{probability * 100:.1f}"
    if 0 < probability < 0.0005:
        text = "<\N{NO-BREAK SPACE}0.1"
    if 0.9995 <= probability < 1:
        text = ">\N{NO-BREAK SPACE}99.9"
    return f"{text}\N{NO-BREAK SPACE}%"


def zero(preprocessing: Preprocessing) -> str:
    """What a pixel is whose numbers are 0 when they enter the network."""
    if not any(preprocessing.mean):
        return "black"
    return "the mean colour" if preprocessing.is_centred else "a colour that no photo has"


def verdict(prediction: Prediction) -> str:
    """One sentence (Markdown) with the answer and how sure the network is. Class names stand as they are in the card."""
    best, second = prediction.answers[:2]
    name, share = f"**{plain(best.name)}**", percent(best.probability)
    if best.probability >= SURE:
        return f"The network sees {name} and is almost certain: {share}."
    if best.probability >= FAIRLY:
        return f"The network sees {name} and is fairly sure: {share}."
    if best.probability >= LEANING:
        return f"The network leans to {name}, {share}; {plain(second.name)} is not ruled out, {percent(second.probability)}."
    return f"The network cannot tell. Its best guess is {name}, at only {share}."


def chosen(prediction: Prediction, index: int) -> str:
    """What the network gives the class that the visitor has picked (Markdown)."""
    rank, answer = next((rank, each) for rank, each in enumerate(prediction.answers, 1) if each.index == index)
    share = percent(answer.probability)
    return f"You are looking at **{plain(answer.name)}**, number {rank} of {len(prediction.answers)} with {share}."


def place(values: NDArray[np.floating]) -> str:
    """Where the largest value of (H, W) lies: 'at the top left', 'in the middle' …"""
    if values.size > 1 and values.min() == values.max():
        return "everywhere"
    height, width = values.shape
    y, x = np.unravel_index(int(values.argmax()), values.shape)
    row, column = _ROWS[_third(int(y), height)], _COLUMNS[_third(int(x), width)]
    if row == column == "middle":
        return "in the middle"
    if row == "middle":
        return f"on the {column}"
    return f"at the {row}" if column == "middle" else f"at the {row} {column}"


def evidence_sentence(evidence: Evidence, name: str) -> str:
    """Where the evidence for the class lies, in words (Markdown)."""
    values, name = evidence.values, plain(name)
    if values.max() <= 0:
        return f"No part of the photo spoke for {name}."
    if values.sum() <= 0:
        return f"All in all the photo spoke **against** {name}; what little spoke for it is strongest {place(values)}."
    positive = np.sort(values[values > 0])[::-1]
    needed = int(np.searchsorted(positive.cumsum(), positive.sum() / 2)) + 1
    cells = "a single one" if needed == 1 else f"{needed}"
    return f"What spoke for {name} is strongest **{place(values)}**; half of it lies in {cells} of the {values.size} cells."


def map_text(values: NDArray[np.floating]) -> str:
    """A text alternative for one activation map (H, W)."""
    share = float((values > RESPONSE).mean())
    if share == 0:
        return "silent: no cell responds" if values.min() >= 0 else f"all negative, lowest {number(values.min())}"
    return f"strongest {place(values)}, {number(values.max())}; {percent(share)} of its cells respond"


def number(value: float) -> str:
    """Three significant digits, or all before the point, with a true minus sign."""
    if value == 0:
        return "0"
    if abs(value) >= 999.5:
        return f"{value:,.0f}".replace("-", "−")
    return f"{value:#.3g}".removesuffix(".").replace("-", "−")


def tiny(value: float) -> str:
    """The size of a difference to its first digit, without powers of ten: '0.0000004'."""
    return np.format_float_positional(abs(value), precision=1, fractional=False, trim="-")


def addition(first: float, second: float, digits: int = 4) -> str:
    """'7.6894 − 0.0056 = 7.6838'; what the printed digits leave over is printed as rounding."""
    first, second, total = (round(each, digits) or 0.0 for each in (first, second, first + second))  # no −0
    left = round(total - first - second, digits)
    terms = [first, second] + ([left] if left else [])
    signed = [f"{'−' if term < 0 else '+'} {abs(term):.{digits}f}" for term in terms]
    rounding = " (rounding)" if left else ""
    line = " ".join(signed).removeprefix("+ ")
    if line.startswith("− "):
        line = "−" + line[2:]
    return f"{line}{rounding} = {total:.{digits}f}".replace("-", "−")


def listed(parts: Sequence[str], joined: str = "and") -> str:
    """'a, b and c'; at least one."""
    *others, last = parts
    return f"{', '.join(others)} {joined} {last}" if others else last


def shape_text(shape: tuple[int, ...]) -> str:
    """'64 maps of 32 × 32'; '200 numbers', also where each is a map of one cell."""
    if len(shape) == 3 and shape[1:] != (1, 1):
        return f"{shape[0]:,} {'map' if shape[0] == 1 else 'maps'} of {shape[1]} × {shape[2]}"
    return f"{int(np.prod(shape)):,} numbers"


def count(value: int) -> str:
    """'183 million', '2.3 million', '19,920'."""
    if value >= 999.5e6:
        return f"{value / 1e9:.1f} billion"
    return f"{value / 1e6:.3g} million" if value >= 1e6 else f"{value:,}"


def _third(position: int, size: int) -> int:
    return min(2, int((position + 0.5) / size * 3))
