"""A table that a click on a heading sorts; shares are drawn as bars as well."""

from collections.abc import Sequence
from dataclasses import dataclass

from ui.components.packet import pack, register

SHOWN = 10  # rows, before a click shows all
HIDDEN = 5  # rows that are not worth a click

_mount = register("table")


@dataclass(frozen=True)
class Cell:
    """text: as shown. order: what it is sorted by. share: 0-1, drawn as a bar if given."""

    text: str
    order: str | float
    share: float | None = None


def table(
    headings: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    *,
    key: str,
    label: str,
    sorted_by: int = 0,
    largest_first: Sequence[int] = (),
) -> None:
    """The first column names the rows. sorted_by: the column it begins with. largest_first: columns that are sorted downwards."""
    cells = [[{"text": cell.text, "order": cell.order, "share": cell.share} for cell in row] for row in rows]
    header: dict[str, object] = {
        "headings": list(headings),
        "rows": cells,
        "shown": SHOWN if len(rows) > SHOWN + HIDDEN else len(rows),
        "label": label,
        "sorted": sorted_by,
        "falling": list(largest_first),
    }
    _mount(key=key, data=pack(header))
