"""A sum as a stair: every term begins where the one before it ended, from zero to the total."""

from collections.abc import Sequence
from dataclasses import dataclass

from ui.components.packet import pack, register

_mount = register("waterfall")


@dataclass(frozen=True)
class Term:
    """text: its value as printed."""

    name: str
    value: float
    text: str


def waterfall(terms: Sequence[Term], total: Term, *, key: str, label: str) -> None:
    rows = [{"name": term.name, "value": term.value, "text": term.text} for term in (*terms, total)]
    _mount(key=key, data=pack({"rows": rows, "label": label}))
