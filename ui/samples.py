"""The pictures the app opens on: three photos from scikit-image's wheel, and drawings made by code."""

import importlib.util
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from convoscope import drawings
from convoscope.card import Card
from convoscope.photo import Photo, from_pixels, read

DRAWING_SIZE = 256  # pixels
DRAWING_SEED = 5


@dataclass(frozen=True)
class Sample:
    """name: as in a link. title: 'the coffee cup'. called: what classes may call it, each a word."""

    name: str
    title: str
    open: Callable[[], Photo]
    called: tuple[str, ...]

    def is_known_to(self, card: Card) -> bool:
        """Whether a class has one of these words in its name."""
        return not _words(card.classes).isdisjoint(self.called)


@lru_cache(maxsize=16)
def _words(names: tuple[str, ...]) -> frozenset[str]:
    """Asked for several times in each run of a page."""
    return frozenset(re.findall(r"\w+", " ".join(names).lower()))


def _packaged(file: str) -> Photo:
    spec = importlib.util.find_spec("skimage")  # finds the package without importing it
    assert spec is not None
    assert spec.origin is not None
    return read((Path(spec.origin).parent / "data" / file).read_bytes())


def _drawn(name: str) -> Photo:
    rng = np.random.default_rng([DRAWING_SEED, drawings.CLASSES.index(name)])
    grey = drawings.draw(name, DRAWING_SIZE, rng)
    return from_pixels(np.repeat(grey[:, :, None], 3, axis=2), "drawing")


PHOTOS = (
    Sample("coffee", "the coffee cup", partial(_packaged, "coffee.png"), ("coffee", "cup", "mug", "espresso")),
    Sample("cat", "the cat", partial(_packaged, "chelsea.png"), ("cat", "tabby", "kitten")),
    Sample("rocket", "the rocket", partial(_packaged, "rocket.jpg"), ("rocket", "missile", "projectile")),
)
DRAWINGS = tuple(Sample(name, f"the {name}", partial(_drawn, name), (name,)) for name in drawings.CLASSES)


def samples_for(card: Card) -> tuple[Sample, ...]:
    """Photos for a network that sees colours, drawings for one that sees grey; first what it has a class for."""
    samples = PHOTOS if card.preprocessing.channels == "RGB" else DRAWINGS
    return tuple(sorted(samples, key=lambda sample: not sample.is_known_to(card)))
