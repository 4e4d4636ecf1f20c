"""A patch of one colour moved over the photo: where it covers what the answer rests on, the score falls.

Zeiler and Fergus (2014). Needs no gradient, so it works for any network that runs.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convoscope.card import Preprocessing
from convoscope.network import Network
from convoscope.why.question import Question, answers, batches


@dataclass(frozen=True)
class Occlusion:
    """score: of the photo itself. tops, lefts: where the patch was put, (rows,) and (columns,), in pixels of the network's input.

    drops: float64 (rows, columns), how far the score fell; NaN where the patch has not yet been.
    """

    score: float
    patch: int
    side: int
    tops: tuple[int, ...]
    lefts: tuple[int, ...]
    drops: NDArray[np.float64]

    @property
    def done(self) -> float:
        """The share of the places, 0-1."""
        return float(np.isfinite(self.drops).mean())

    @property
    def values(self) -> NDArray[np.float64]:
        """float64 (side, side): the mean drop over the patches that covered a pixel; 0 where none has been."""
        total, count = np.zeros((2, self.side, self.side))
        for row, column in np.argwhere(np.isfinite(self.drops)):
            top, left = self.tops[row], self.lefts[column]
            total[top : top + self.patch, left : left + self.patch] += self.drops[row, column]
            count[top : top + self.patch, left : left + self.patch] += 1
        return np.asarray(total / np.maximum(count, 1))


def places(side: int, patch: int, stride: int) -> tuple[int, ...]:
    """Where a patch begins, so that the last one ends with the photo."""
    return tuple(dict.fromkeys([*range(0, side - patch, stride), side - patch]))


def colour(photo: NDArray[np.float32], preprocessing: Preprocessing) -> NDArray[np.float32]:
    """float32 (C,): what covers best without being seen itself: the mean colour of the pictures that the network knows.

    Where its card tells of none, zero is black or no colour at all, which would be seen: then the photo's own mean.
    photo: float32 (1, C, S, S).
    """
    return np.zeros(photo.shape[1], np.float32) if preprocessing.is_centred else photo[0].mean((1, 2))


def occlude(network: Network, photo: NDArray[np.float32], question: Question, patch: int, stride: int) -> Iterator[Occlusion]:
    """What is known after each batch of patches; `done` is 1 in the last. The patch has the `colour` that covers best.

    photo: float32 (1, C, S, S). patch, stride: 1 to S pixels. A `lean` network is quicker. Raises ValueError for other sizes.
    """
    side = photo.shape[-1]
    if not (1 <= patch <= side and 1 <= stride <= side):
        raise ValueError(f"patch and stride must be 1 to {side} pixels")
    starts = places(side, patch, stride)
    score = float(question.score(network.logits(photo))[0])
    cover = colour(photo, network.card.preprocessing)[:, None, None]
    drops = np.full((len(starts), len(starts)), np.nan)
    corners = [(top, left) for top in starts for left in starts]
    for part in batches(len(corners)):
        covered = np.repeat(photo, len(corners[part]), 0)
        for picture, (top, left) in zip(covered, corners[part], strict=True):
            picture[:, top : top + patch, left : left + patch] = cover
        drops = drops.copy()
        drops.flat[part] = score - question.score(answers(network, covered))
        yield Occlusion(score, patch, side, starts, starts, drops)
