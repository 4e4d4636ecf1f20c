"""What if the photo were turned, moved, blurred …: the answers along the whole range, and where they turn."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from convoscope.changes import Pixels, blur, darken, noise, rotate
from convoscope.network import Network
from convoscope.prepare import Prepared, normalise
from convoscope.why.question import Question, answers


def shift(pixels: Pixels, share: float) -> Pixels:
    """share: of the width, to the right; −1 to 1. The strip that comes free takes the picture's mean colour."""
    width = pixels.shape[1]
    distance = round(share * width)
    moved = np.empty_like(pixels)
    moved[:] = pixels.mean((0, 1)).round()
    kept = width - abs(distance)
    moved[:, max(0, distance) : max(0, distance) + kept] = pixels[:, max(0, -distance) : max(0, -distance) + kept]
    return moved


def crop(pixels: Pixels, lost: float) -> Pixels:
    """lost: share of each side that is cut away around the middle, 0 to less than 1; the rest is enlarged to the old size."""
    height, width = pixels.shape[:2]
    box = (width * lost / 2, height * lost / 2, width * (1 - lost / 2), height * (1 - lost / 2))
    image = Image.fromarray(pixels.squeeze(2) if pixels.shape[2] == 1 else pixels)
    enlarged = np.asarray(image.resize((width, height), Image.Resampling.BICUBIC, box))
    return enlarged.reshape(pixels.shape)


@dataclass(frozen=True)
class WhatIf:
    """low, high: the range of strengths, in which 0 changes nothing."""

    name: str
    unit: str
    low: float
    high: float
    apply: Callable[[Pixels, float], Pixels]


WHAT_IFS = (
    WhatIf("rotate", "degrees, counter-clockwise (−: clockwise)", -180, 180, rotate),
    WhatIf("shift", "share of the width, to the right (−: to the left)", -0.5, 0.5, shift),
    WhatIf("blur", "standard deviation in pixels", 0, 4, blur),
    WhatIf("darken", "share of the light lost", 0, 0.95, darken),
    WhatIf("crop", "share of each side cut away", 0, 0.8, crop),
    WhatIf("noise", "standard deviation, of 255", 0, 80, noise),
)


@dataclass(frozen=True)
class Series:
    """The photo at each strength. strengths: float64 (n,), rising, 0 among them. pixels: uint8 (n, S, S, C).

    logits, probabilities: float64 (n, classes).
    """

    what: WhatIf
    strengths: NDArray[np.float64]
    pixels: NDArray[np.uint8]
    logits: NDArray[np.float64]
    probabilities: NDArray[np.float64]

    @property
    def unchanged(self) -> int:
        """Where in the series the photo is as it was."""
        return int(np.abs(self.strengths).argmin())

    @property
    def winners(self) -> NDArray[np.intp]:
        """(n,): the class that wins at each strength."""
        return np.asarray(self.logits.argmax(1))

    def holds(self, question: Question) -> NDArray[np.bool_]:
        """(n,): whether the class asked about wins at each strength; against another: whether it is ahead of that."""
        return np.asarray(self.winners == question.index if question.against is None else question.score(self.logits) > 0)

    def turn(self, question: Question) -> int | None:
        """Where in the series, nearest to no change, it is the other way round; None if it never is."""
        holds = self.holds(question)
        others = np.flatnonzero(holds != holds[self.unchanged])
        return int(others[np.abs(self.strengths[others]).argmin()]) if len(others) else None


STRENGTHS = 33  # of a series, and one more where 0 is not among them


def series(network: Network, prepared: Prepared, what: WhatIf, count: int = STRENGTHS) -> Series:
    """Changes the very pixels the network gets. count: of strengths, evenly over the range; 0 is added if it is missing.

    A `lean` network is quicker.
    """
    strengths = np.union1d(np.linspace(what.low, what.high, count), [0.0])
    pixels = np.stack([what.apply(prepared.resized, float(each)) if each else prepared.resized for each in strengths])
    logits = answers(network, normalise(pixels, network.card.preprocessing))
    return Series(what, strengths, pixels, logits, network.probabilities(logits))
