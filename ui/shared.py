"""What is there for every visitor, loaded once: networks, sample photos, and what was measured of the app."""

import os
from pathlib import Path

from convoscope.benchmark import Benchmark, read_benchmarks
from convoscope.card import ModelError
from convoscope.network import Network, load
from convoscope.photo import Photo
from ui import server, turns, undisturbed, uploads
from ui.kept import kept
from ui.samples import Sample

MODELS = Path(os.environ.get("CONVOSCOPE_MODELS", Path(__file__).parent.parent / "models"))
RESULTS = Path(__file__).parent.parent / "bench" / "results"
FIRST_MODEL = "photo"


@kept()
def networks() -> dict[str, Network | str]:
    """Every folder in `models/`, the first model first: a network, or the sentence that says why there is none."""
    server.be_frugal()
    found: dict[str, Network | str] = {}
    folders = (path.parent for path in MODELS.glob("[!.]*/card.json"))
    for folder in sorted(folders, key=lambda path: (path.name != FIRST_MODEL, path.name)):
        try:
            found[folder.name] = load(folder)
        except ModelError as failure:
            found[folder.name] = str(failure)
    uploads.bound()
    turns.take()
    undisturbed.answer_to_the_end()
    server.settle()
    return found


def usable() -> dict[str, Network]:
    return {name: network for name, network in networks().items() if isinstance(network, Network)}


@kept()
def benchmarks() -> tuple[Benchmark, ...]:
    """What was measured of the app; none where that is damaged or not shipped."""
    try:
        return read_benchmarks(RESULTS)
    except ModelError:
        return ()


@kept(entries=16)
def sample_photo(key: tuple[str, str], sample: Sample) -> Photo:
    """key: the channels of the network, and the sample's name."""
    return sample.open()
