"""One photo asked about several times: its square, a closer one, the squares at its ends, each also mirrored.

What a network takes a photo for depends on how it was cut. Averaged over several cuts its answers are more often right
(Krizhevsky et al., 2012, took ten), and where they differ it cannot be sure.
"""

from dataclasses import dataclass

import numpy as np

from convoscope.network import Network, Prediction
from convoscope.photo import Photo
from convoscope.prepare import Crop, Prepared, centre_crop, prepare

CLOSER = 0.8  # side of the closer square, of the first one's
OBLONG = 1.1  # longer side of a photo, of its shorter one's, from which the squares at its ends are others


@dataclass(frozen=True)
class Look:
    """title: which square it is: 'the square', 'closer, mirrored' …"""

    title: str
    prepared: Prepared
    prediction: Prediction


@dataclass(frozen=True)
class Several:
    """average: of the logits of all looks, and the probabilities that follow from them."""

    looks: tuple[Look, ...]
    average: Prediction

    @property
    def agreeing(self) -> int:
        """How many looks give the class that is the best on average."""
        return sum(look.prediction.best.index == self.average.best.index for look in self.looks)


def look_several_times(network: Network, photo: Photo, crop: Crop) -> Several:
    """Asks about the crop, about a closer one and, if it is the photo's middle, about those at the ends of the photo."""
    titles, prepared = [], []
    for title, square in squares(photo, crop).items():
        made = prepare(photo, square, network.card.preprocessing)
        titles += [title, f"{title}, mirrored"]
        prepared += [made, _mirrored(made)]
    logits = network.logits(np.concatenate([each.tensor for each in prepared]))
    predictions = map(network.prediction, logits)
    return Several(tuple(map(Look, titles, prepared, predictions)), network.prediction(logits.mean(0)))


def _mirrored(made: Prepared) -> Prepared:
    return Prepared(np.ascontiguousarray(made.tensor[..., ::-1]), np.ascontiguousarray(made.resized[:, ::-1]), made.crop)


def squares(photo: Photo, crop: Crop) -> dict[str, Crop]:
    """By what they are called."""
    side = max(1, round(crop.side * CLOSER))
    rest = (crop.side - side) // 2
    found = {"the square": crop, "closer": Crop(crop.left + rest, crop.top + rest, side)}
    height, width = photo.shape
    if crop != centre_crop(photo) or max(height, width) < OBLONG * min(height, width):
        return found
    first, last = ("left end", "right end") if width > height else ("upper end", "lower end")
    return found | {first: Crop(0, 0, crop.side), last: Crop(width - crop.side, height - crop.side, crop.side)}
