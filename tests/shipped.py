"""The networks in `models/` as their files describe them: what a test learns here holds for the next training too."""

from functools import cache
from pathlib import Path

from convoscope.layers import Stage
from convoscope.network import Network, Trace, load
from convoscope.photo import Photo
from convoscope.prepare import centre_crop, prepare
from ui.samples import DRAWINGS, PHOTOS

ROOT = Path(__file__).parent.parent
MODELS = ROOT / "models"
NAMES = sorted(path.parent.name for path in MODELS.glob("[!.]*/card.json"))


@cache
def network(model: str) -> Network:
    return load(MODELS / model)


@cache
def sample(name: str) -> Photo:
    return next(each for each in (*PHOTOS, *DRAWINGS) if each.name == name).open()


@cache
def traced(model: str, name: str) -> Trace:
    """Of a sample, as the pages show it."""
    shown = sample(name)
    return network(model).trace(prepare(shown, centre_crop(shown), network(model).card.preprocessing))


def best(model: str = "photo", name: str = "coffee") -> str:
    """What the network calls a sample."""
    return traced(model, name).prediction.best.name


def stage(model: str, tensor: str) -> Stage:
    return next(each for each in network(model).stages if each.tensor == tensor)


def counts(model: str) -> list[int]:
    """How many maps each layer with maps makes."""
    return [layer.map_stages[0].shape[0] for layer in network(model).layers if layer.map_stages]
