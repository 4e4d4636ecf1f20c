"""Lines over an axis: hover or arrow keys read the values off, "numbers" lists them."""

from collections.abc import Sequence
from dataclasses import dataclass

from ui.components.packet import register

_mount = register("chart")


@dataclass(frozen=True)
class Axis:
    """low, high: its range. share: whether its values are shares, shown in per cent."""

    title: str
    low: float
    high: float
    share: bool = False


@dataclass(frozen=True)
class Line:
    """x, y: of the same length, x rising. quiet: drawn as what the others are compared with."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    quiet: bool = False


def chart(lines: Sequence[Line], x: Axis, y: Axis, *, key: str, label: str) -> None:
    """label: its text alternative, with the finding in words."""
    _mount(
        key=key,
        data={
            "label": label,
            "x": {"title": x.title, "low": x.low, "high": x.high, "share": x.share},
            "y": {"title": y.title, "low": y.low, "high": y.high, "share": y.share},
            "lines": [{"name": each.name, "x": list(each.x), "y": list(each.y), "quiet": each.quiet} for each in lines],
        },
    )
