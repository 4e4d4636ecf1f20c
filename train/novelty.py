"""The limits of `convoscope.novelty`, from pictures held out; and what they are worth on other pictures.

The limits are chosen so that FALSE_WARNINGS of the pictures held out are doubted, UNLIKE of them for their strengths. Pictures
of other things are measured only: nothing is chosen on them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convoscope import drawings
from convoscope.card import Limit, Novelty
from convoscope.evaluation import Noticed, Noticing, wilson
from convoscope.network import Network
from convoscope.novelty import beyond, distance, entropy, score, strengths, watched
from convoscope.prepare import normalise
from convoscope.words import SURE
from train.data import SEED, Labelled

FALSE_WARNINGS = 0.08
UNLIKE = 0.02
MADE = 100  # pictures of each kind that are made by code
BATCH = 100
DIGITS = 6  # that the card keeps
RIDGE = 1e-6  # added to the variances, for the sake of few pictures
TINY = 1e-6
Pixels = NDArray[np.uint8]  # (N, S, S, C)


def limits(network: Network, held_out: Labelled, told: str) -> Novelty:
    """Chosen on the pictures held out from training. told: what those are."""
    probabilities, seen = _look(network, _pixels(held_out))
    mean = seen.mean(0)
    whitening = _whitening(seen - mean)
    unsure, unlike = entropy(probabilities), distance(seen, mean, whitening)
    unlike_limit = float(np.quantile(unlike, 1 - UNLIKE))
    usual = unsure[unlike <= unlike_limit]
    unsure_limit = float(np.quantile(usual, (1 - FALSE_WARNINGS) / (1 - UNLIKE)))
    doubted = (unsure > unsure_limit) | (unlike > unlike_limit)
    return Novelty(
        measured_on=told,
        false_warnings=round(float(doubted.mean()), 4),
        unsure=_limit(unsure_limit, unsure),
        unlike=_limit(unlike_limit, unlike),
        mean=_rounded(mean),
        whitening=tuple(_rounded(row) for row in whitening),
    )


def noticing(network: Network, test: Labelled) -> Noticing | None:
    """How often it doubts test pictures, and pictures made by code. None where the card has no limits."""
    if network.card.novelty is None:
        return None
    own = _noticed(network, network.card.novelty, "its own classes", _pixels(test))
    made = tuple(_noticed(network, network.card.novelty, kind, pixels) for kind, pixels in _made(network).items())
    return Noticing(own=own.row, made=tuple(each.row for each in made), known=None, foreign=None, apart=None)


def with_photos(found: Noticing, network: Network, novelty: Novelty, known: Labelled, foreign: Labelled) -> Noticing:
    """With what is measured on ordinary photos of its classes and of other things."""
    ours = _noticed(network, novelty, "photos of its classes", _pixels(known))
    others = _noticed(network, novelty, "photos of other things", _pixels(foreign))
    apart = round(chance_of_order(ours.scores, others.scores), 4)
    return found.model_copy(update={"known": ours.row, "foreign": others.row, "apart": apart})


def chance_of_order(low: NDArray[np.float64], high: NDArray[np.float64]) -> float:
    """That one of `high` is larger than one of `low`, ties by half: the area under the ROC curve."""
    ordered = np.sort(low)
    below = np.searchsorted(ordered, high, "left") + np.searchsorted(ordered, high, "right")
    return float(below.mean() / (2 * len(low)))


@dataclass(frozen=True)
class _Found:
    row: Noticed
    scores: NDArray[np.float64]


def _noticed(network: Network, novelty: Novelty, kind: str, pixels: Pixels) -> _Found:
    probabilities, seen = _look(network, pixels)
    scores = score(beyond(novelty, probabilities, seen))
    sure = (scores <= 0) & (probabilities.max(1) >= SURE)
    count = len(pixels)
    row = Noticed(kind=kind, pictures=count, warned=wilson(int((scores > 0).sum()), count), sure=wilson(int(sure.sum()), count))
    return _Found(row, scores)


def _look(network: Network, pixels: Pixels) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Probabilities (N, classes) and strengths (N, F)."""
    names = [network.logits_name, *(stage.tensor for stage in watched(network))]
    probabilities, seen = [], []
    for first in range(0, len(pixels), BATCH):
        tensors = normalise(pixels[first : first + BATCH], network.card.preprocessing)
        logits, *maps = network.session.run(names, {network.session.get_inputs()[0].name: tensors})
        probabilities.append(network.probabilities(logits))
        seen.append(strengths(maps))
    return np.concatenate(probabilities), np.concatenate(seen)


def _whitening(away: NDArray[np.float64]) -> NDArray[np.float64]:
    """(F, F), after which strengths vary by 1 in every direction. away: from their mean, (N, F)."""
    covariance = away.T @ away / len(away) + RIDGE * np.eye(away.shape[1])
    return np.linalg.cholesky(np.linalg.inv(covariance))


def _made(network: Network) -> dict[str, Pixels]:
    """Pictures that show nothing, and drawings where the network was not trained on them."""
    made = network.card.preprocessing
    rng = np.random.default_rng(SEED)
    shape = (MADE, made.size, made.size, made.channel_count)
    kinds: dict[str, Pixels] = {
        "noise": rng.integers(0, 256, shape, dtype=np.uint8),
        "black": np.zeros((1, *shape[1:]), np.uint8),
        "white": np.full((1, *shape[1:]), 255, np.uint8),
        "plain colours": rng.integers(0, 256, (MADE, 1, 1, made.channel_count), dtype=np.uint8)
        .repeat(made.size, 1)
        .repeat(made.size, 2),
    }
    if network.card.classes != drawings.CLASSES:
        drawn = [drawings.draw(drawings.CLASSES[at % len(drawings.CLASSES)], made.size, rng) for at in range(MADE)]
        kinds["drawings"] = np.stack(drawn)[..., None].repeat(made.channel_count, 3)
    return kinds


def _pixels(pictures: Labelled) -> Pixels:
    return pictures.pictures.numpy().transpose(0, 2, 3, 1)


def _limit(value: float, over: NDArray[np.float64]) -> Limit:
    return Limit(value=_round(value), spread=_round(max(float(over.std()), TINY)))


def _rounded(values: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(_round(float(value)) for value in values)


def _round(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
