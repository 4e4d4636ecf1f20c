"""A question at the end of a chapter."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """ask, options, why: Markdown. right: the number of the right option, computed from this photo; why: with its numbers."""

    ask: str
    options: tuple[str, ...]
    right: int
    why: str


def bucket(value: float, bounds: Sequence[float]) -> int:
    """Into which of the ranges that the rising bounds part the value falls; a bound belongs to the range above it."""
    return sum(value >= bound for bound in bounds)
