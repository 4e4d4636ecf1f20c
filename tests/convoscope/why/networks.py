"""The networks that explanations are tested on: those shipped, and odd ones; each loaded once."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from convoscope.network import Network
from tests import shipped
from tests.convoscope.zoo import ZOO
from tests.graphs import prepared

ALL = [*shipped.NAMES, *ZOO]


@cache
def network(name: str) -> Network:
    if name in shipped.NAMES:
        return shipped.network(name)
    with TemporaryDirectory() as folder:
        return ZOO[name].load(Path(folder) / name)


def photo(name: str, seed: int = 0) -> NDArray[np.float32]:
    """float32 (1, C, S, S): a random photo as this network gets it."""
    return prepared(network(name).card.preprocessing, seed).tensor
