"""A sum as a table: a line for each term, with a bar to the left or right of zero, and the total."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ui.components.packet import pack, register

_mount = register("ledger")


@dataclass(frozen=True)
class Line:
    """cells: what stands in the columns, the first is the line's name. bar: −1 to 1, or None for no bar."""

    cells: tuple[str, ...]
    bar: float | None = None
    strong: bool = False


def ledger(
    headings: Sequence[str],
    lines: Sequence[Line],
    *,
    key: str,
    label: str,
    hue: Literal["evidence", "signed", "share"] = "evidence",
) -> None:
    """hue: of the kind of quantity; a share has the accent colour."""
    rows = [{"cells": line.cells, "bar": line.bar, "strong": line.strong} for line in lines]
    _mount(key=key, data=pack({"headings": list(headings), "rows": rows, "label": label, "hue": hue}))
