"""Maps drawn from gradients: saliency, smoothed gradients, integrated gradients, Grad-CAM.

All take photos as `Prepared.tensor` has them, float32 (1, C, S, S), in which 0 is what `words.zero` says: mostly the
mean colour of the training pictures.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convoscope.why.gradients import Gradients
from convoscope.why.question import Question, batches

AT_ONCE = 4  # pictures in one run: with more, memory grows and nothing is saved
AT_WORK = 2  # threads of one visitor's gradients: no more, for others want to be served too
STEPS = (32, 96, 288)  # of integrated gradients, until the gap is small
SMALL = 0.05  # of the difference that is to be explained
GRAIN = 0.15  # of the smoothing noise: its standard deviation, as a share of the photo's range of values


@dataclass(frozen=True)
class Saliency:
    """gradient: float64 (C, S, S), of the score with respect to the photo. values: (S, S), its largest magnitude over C."""

    score: float
    gradient: NDArray[np.float64]

    @property
    def values(self) -> NDArray[np.float64]:
        return np.asarray(np.abs(self.gradient).max(0))


@dataclass(frozen=True)
class Parts:
    """parts: float64 (C, H, W), what each number of a photo or of a layer's maps counts for in the score."""

    score: float
    parts: NDArray[np.float64]

    @property
    def values(self) -> NDArray[np.float64]:
        """float64 (H, W), over all channels, signed."""
        return np.asarray(self.parts.sum(0))


@dataclass(frozen=True)
class Integrated(Parts):
    """parts: what each number of the photo adds to the score on the straight way from the baseline."""

    baseline_score: float
    steps: int

    @property
    def gap(self) -> float:
        """What the parts miss of the difference of the two scores; it shrinks as steps are added."""
        return self.score - self.baseline_score - float(self.parts.sum())

    @property
    def small_gap(self) -> bool:
        return abs(self.gap) <= SMALL * abs(self.score - self.baseline_score)


def saliency(gradients: Gradients, photo: NDArray[np.float32], question: Question) -> Saliency:
    """Simonyan, Vedaldi and Zisserman (2014)."""
    found = gradients.of(photo, question)
    return Saliency(float(found.scores[0]), found.photo[0].astype(np.float64))


def smoothed(gradients: Gradients, photo: NDArray[np.float32], question: Question, samples: int = 32, seed: int = 0) -> Saliency:
    """The mean gradient over noisy copies of the photo: SmoothGrad, Smilkov et al. (2017). score: of the photo itself."""
    grain = np.random.default_rng(seed).normal(0, GRAIN * float(np.ptp(photo)), (samples, *photo.shape[1:]))
    mean = _mean_gradient(gradients, (photo + grain).astype(np.float32), question)
    return Saliency(float(gradients.of(photo, question).scores[0]), mean)


def integrated(gradients: Gradients, photo: NDArray[np.float32], question: Question, steps: int = 32) -> Integrated:
    """Integrated gradients, Sundararajan, Taly and Yan (2017), from a photo of zeros, by the midpoint rule."""
    shares = ((np.arange(steps) + 0.5) / steps).astype(np.float32)
    mean = _mean_gradient(gradients, shares[:, None, None, None] * photo, question)
    score, baseline = gradients.of(np.concatenate([photo, np.zeros_like(photo)]), question).scores
    return Integrated(float(score), mean * photo[0], float(baseline), steps)


def integrated_closely(gradients: Gradients, photo: NDArray[np.float32], question: Question) -> Integrated:
    """With the fewest of `STEPS` that leave a small gap, or with the most."""
    for steps in STEPS:
        found = integrated(gradients, photo, question, steps)
        if found.small_gap:
            break
    return found


def grad_cam(gradients: Gradients, photo: NDArray[np.float32], question: Question, tensor: str) -> Parts:
    """Selvaraju et al. (2017), at any tensor (C, H, W) that the session was opened for: mean gradient of a channel × activation.

    The authors draw what is negative as 0; here it stays. At the last maps before an average and one dense layer the map is
    the exact evidence, whose sum and bias are the score.
    """
    found = gradients.of(photo, question)
    weights = found.gradients[tensor][0].mean((1, 2), dtype=np.float64)
    return Parts(float(found.scores[0]), weights[:, None, None] * found.values[tensor][0])


def _mean_gradient(gradients: Gradients, photos: NDArray[np.float32], question: Question) -> NDArray[np.float64]:
    """With respect to the pictures, float64 (C, S, S), over many of them: a few at a time, in threads beside each other.

    Another run has to follow, with which the memory goes back.
    """

    def total(part: slice) -> NDArray[np.float64]:
        return np.asarray(gradients.of(photos[part], question, more=True).photo.sum(0, dtype=np.float64))

    with ThreadPoolExecutor(AT_WORK) as threads:
        return np.asarray(sum(threads.map(total, batches(len(photos), AT_ONCE))) / len(photos))
