"""Lines over an axis: hover or arrow keys read the values off, "numbers" lists them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from ui.components.packet import pack, register

_mount = register("chart")


@dataclass(frozen=True)
class Axis:
    """low, high: its range. share: its values are shares, shown in per cent. log: by powers of ten of 1 + the value."""

    title: str
    low: float
    high: float
    share: bool = False
    log: bool = False


@dataclass(frozen=True)
class Line:
    """x, y: of the same length, x rising. quiet: drawn as what the others are compared with."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    quiet: bool = False


def chart(lines: Sequence[Line], x: Axis, y: Axis, *, key: str, label: str, mark: float | None = None) -> None:
    """label: its text alternative, with the finding in words. mark: a place on the x axis."""
    header: dict[str, object] = {
        "label": label,
        "x": asdict(x),
        "y": asdict(y),
        "lines": [asdict(each) for each in lines],
        "mark": mark,
    }
    _mount(key=key, data=pack(header))
