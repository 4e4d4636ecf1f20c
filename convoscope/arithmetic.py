"""How one number of a network is made, recomputed in float64 and compared with what ONNX Runtime returned.

A `Recipe` says how a whole channel is computed; `at` gives the arithmetic of one of its cells: `value`, the number recomputed;
`runtime`, as ONNX Runtime returned it; `magnitude`, of all that is added up. What a recipe holds is what a page shows: nothing
here is rounded or left out.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from convoscope.curves import Curve
from convoscope.window import Axis


@dataclass(frozen=True)
class Source:
    """One channel of a tensor; of a tensor without maps, one of its numbers."""

    tensor: str
    channel: int


@dataclass(frozen=True)
class Term:
    """What one map adds: its window, times the weights, summed.

    rows (kh,), columns (kw,): where the window lies in the map; outside it, on padding. inside: bool (kh, kw), False on padding.
    values: float64 (kh, kw), 0 on padding. weights: float64 (kh, kw).
    """

    source: Source
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    inside: NDArray[np.bool_]
    values: NDArray[np.float64]
    weights: NDArray[np.float64]

    @property
    def subtotal(self) -> float:
        return float((self.values * self.weights).sum())

    @property
    def magnitude(self) -> float:
        return float(np.abs(self.values * self.weights).sum())


@dataclass(frozen=True)
class Sum:
    """(The subtotals of all terms + bias) / divisor. cancelled: the magnitude of what went into the factors and the bias."""

    terms: tuple[Term, ...]
    bias: float
    divisor: int
    runtime: float
    cancelled: float = 0.0

    @property
    def value(self) -> float:
        return (sum(term.subtotal for term in self.terms) + self.bias) / self.divisor

    @property
    def magnitude(self) -> float:
        return (sum(term.magnitude for term in self.terms) + abs(self.bias)) / self.divisor + self.cancelled

    @property
    def strongest_first(self) -> tuple[Term, ...]:
        """The terms by the size of their subtotals, equals in their order."""
        return tuple(sorted(self.terms, key=lambda term: -abs(term.subtotal)))


@dataclass(frozen=True)
class Choice:
    """The largest value of a window. window: its values, without weights. winner: row and column in the map."""

    window: Term
    winner: tuple[int, int]
    value: float
    runtime: float

    @property
    def magnitude(self) -> float:
        return abs(self.value)


@dataclass(frozen=True)
class Passage:
    """One value that is passed on, as it is or through a function of it alone.

    cell: row and column it comes from. least: that its magnitude is taken for.

    The runtime computes curves and powers by approximations that are exact to a share of 1, not of each value.
    """

    source: Source
    cell: tuple[int, int]
    given: float
    value: float
    runtime: float
    least: float = 0

    @property
    def magnitude(self) -> float:
        return max(abs(self.value), self.least)


@dataclass(frozen=True)
class Shares:
    """Softmax of logits / temperature. All arrays float64 (classes,).

    powers: e to each quotient minus the largest quotient; taking that away changes no share and keeps the powers at most 1.
    """

    logits: NDArray[np.float64]
    temperature: float
    powers: NDArray[np.float64]

    @property
    def total(self) -> float:
        return float(self.powers.sum())

    @property
    def shares(self) -> NDArray[np.float64]:
        return np.asarray(self.powers / self.total)


def shares(logits: NDArray[np.floating], temperature: float = 1.0) -> Shares:
    """logits: (classes,)."""
    quotients = logits.astype(np.float64) / temperature
    return Shares(logits.astype(np.float64), temperature, np.exp(quotients - quotients.max()))


# ---- how a channel is computed. Each recipe has `values`: float32 (H, W), the channel as the runtime returned it.


@dataclass(frozen=True)
class Weighted:
    """A window of each map times its kernel, plus the bias: convolution, dense step, average.

    maps: float32 (N, H, W). kernels: float64 (N, kh, kw). counts: what the sum is divided by: nothing, the number of cells
    under the window, or only of those that are no padding (of an average of one map).
    """

    sources: tuple[Source, ...]
    maps: NDArray[np.float32]
    kernels: NDArray[np.float64]
    bias: float
    rows: Axis
    columns: Axis
    counts: Literal["nothing", "all", "inside"]
    values: NDArray[np.float32]

    def at(self, y: int, x: int) -> Sum:
        terms = tuple(
            _term(source, values, kernel, (self.rows, self.columns), (y, x))
            for source, values, kernel in zip(self.sources, self.maps, self.kernels, strict=True)
        )
        return Sum(terms, self.bias, self.divisor(y, x), float(self.values[y, x]))

    def divisor(self, y: int, x: int) -> int:
        if self.counts == "nothing":
            return 1
        return int(np.prod([_counted(axis, at, self.counts) for axis, at in ((self.rows, y), (self.columns, x))]))


@dataclass(frozen=True)
class Pointwise:
    """Cells in the same place, each times its factor, plus an offset: sums and products of tensors, normalisations.

    maps: float32 (N, H, W). factors: float64 (N, H, W). offset: float64 (H, W). adds: whether an offset, be it 0, belongs to the
    step. cancelled: float64 (H, W), as in `Sum`.
    """

    sources: tuple[Source, ...]
    maps: NDArray[np.float32]
    factors: NDArray[np.float64]
    offset: NDArray[np.float64]
    adds: bool
    values: NDArray[np.float32]
    cancelled: NDArray[np.float64]

    def at(self, y: int, x: int) -> Sum:
        one = (Axis(self.maps.shape[1], 1), Axis(self.maps.shape[2], 1))
        terms = tuple(
            _term(source, values, factors[y : y + 1, x : x + 1], one, (y, x))
            for source, values, factors in zip(self.sources, self.maps, self.factors, strict=True)
        )
        return Sum(terms, float(self.offset[y, x]), 1, float(self.values[y, x]), float(self.cancelled[y, x]))


@dataclass(frozen=True)
class Largest:
    """Max pooling of one map, float32 (H, W)."""

    source: Source
    map: NDArray[np.float32]
    rows: Axis
    columns: Axis
    values: NDArray[np.float32]

    def at(self, y: int, x: int) -> Choice:
        ones = np.ones((self.rows.kernel, self.columns.kernel))
        window = _term(self.source, self.map, ones, (self.rows, self.columns), (y, x))
        best = np.where(window.inside, window.values, -np.inf).argmax()
        row, column = divmod(int(best), self.columns.kernel)
        winner = (int(window.rows[row]), int(window.columns[column]))
        return Choice(window, winner, float(window.values[row, column]), float(self.values[y, x]))


@dataclass(frozen=True)
class Unary:
    """Each cell through a function of one number: below 0 times `slope`, then not below `low` nor above `high`; or a curve.

    So ReLU has slope 0, leaky ReLU its own, clipping slope 1 and bounds, and what only passes a value on slope 1.
    """

    source: Source
    map: NDArray[np.float32]
    slope: float
    low: float
    high: float
    values: NDArray[np.float32]
    curve: Curve | None = None

    def at(self, y: int, x: int) -> Passage:
        given, runtime = float(self.map[y, x]), float(self.values[y, x])
        if self.curve:
            return Passage(self.source, (y, x), given, self.curve(given), runtime, least=1)
        sloped = given * self.slope if given < 0 else given
        return Passage(self.source, (y, x), given, min(max(sloped, self.low), self.high), runtime)


@dataclass(frozen=True)
class Moved:
    """One number of a flattened tensor: the value of one cell (row, column) of a map, float32 (H, W)."""

    source: Source
    map: NDArray[np.float32]
    cell: tuple[int, int]
    values: NDArray[np.float32]

    def at(self, y: int, x: int) -> Passage:
        given = float(self.map[self.cell])
        return Passage(self.source, self.cell, given, given, float(self.values[y, x]))


@dataclass(frozen=True)
class Softmax:
    """The share of one class: `index` of logits, float32 (classes,)."""

    source: Source
    logits: NDArray[np.float32]
    index: int
    values: NDArray[np.float32]

    def at(self, y: int, x: int) -> Passage:
        found = shares(self.logits)
        given = float(self.logits[self.index])
        return Passage(self.source, (0, 0), given, float(found.shares[self.index]), float(self.values[y, x]), least=1)


Recipe = Weighted | Pointwise | Largest | Unary | Moved | Softmax


def _term(
    source: Source, values: NDArray[np.float32], weights: NDArray[np.float64], window: tuple[Axis, Axis], cell: tuple[int, int]
) -> Term:
    rows, columns = (axis.taps(at) for axis, at in zip(window, cell, strict=True))
    inside = np.logical_and.outer(*(axis.inside(at) for axis, at in zip(window, cell, strict=True)))
    found = values[np.ix_(rows.clip(0, window[0].size - 1), columns.clip(0, window[1].size - 1))]
    return Term(source, rows, columns, inside, np.where(inside, found, 0).astype(np.float64), weights)


def _counted(axis: Axis, cell: int, counts: str) -> int:
    if counts == "inside":
        return int(axis.inside(cell).sum())
    taps = axis.taps(cell)
    return int(((taps >= -axis.before) & (taps < axis.size + axis.after)).sum())
