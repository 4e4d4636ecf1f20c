"""The networks that explanations are tested on: those shipped, and odd ones; each loaded once."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from convoscope.network import Network, load
from tests.convoscope.zoo import ZOO
from tests.graphs import prepared

MODELS = Path(__file__).parents[3] / "models"
SHIPPED = sorted(path.parent.name for path in MODELS.glob("[!.]*/card.json"))
ALL = [*SHIPPED, *ZOO]


@cache
def network(name: str) -> Network:
    if name in SHIPPED:
        return load(MODELS / name)
    with TemporaryDirectory() as folder:
        return ZOO[name].load(Path(folder) / name)


def photo(name: str, seed: int = 0) -> NDArray[np.float32]:
    """float32 (1, C, S, S): a random photo as this network gets it."""
    return prepared(network(name).card.preprocessing, seed).tensor
