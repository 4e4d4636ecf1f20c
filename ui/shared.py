"""What is there for every visitor, loaded once: networks, sample photos, and what was measured of the app."""

from pathlib import Path

from convoscope import places
from convoscope.benchmark import Benchmark, read_benchmarks
from convoscope.card import ModelError
from convoscope.network import Network, load
from convoscope.photo import Photo
from ui import server, turns, undisturbed, uploads
from ui.kept import kept
from ui.samples import Sample

MODELS = places.MODELS
RESULTS = Path(__file__).parent.parent / "bench" / "results"
FIRST_MODEL = "photo"
LOOK = 2  # seconds after which the folders are looked at again

Edition = tuple[tuple[str, int, int], ...]  # of each folder its name, and when its card and its graph were written


def networks(of: Edition | None = None) -> dict[str, Network | str]:
    """Every folder in `models/`, the first model first: a network, or the sentence that says why there is none.

    of: as they were found a moment ago.
    """
    _begin()
    return _networks(of or edition())


def edition() -> Edition:
    """Tells when a folder came, went or was written anew."""
    return _edition(MODELS)


@kept()
def _begin() -> None:
    server.be_frugal()
    uploads.bound()
    turns.take()
    undisturbed.answer_to_the_end()
    server.settle()


@kept(life=LOOK)
def _edition(models: Path) -> Edition:
    folders = {file.parent for each in ("card.json", "model.onnx") for file in models.glob(f"[!.]*/{each}")}
    order = sorted(folders, key=lambda folder: (folder.name != FIRST_MODEL, folder.name))
    return tuple((folder.name, _written(folder / "card.json"), _written(folder / "model.onnx")) for folder in order)


def _written(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0


@kept()
def _networks(edition: Edition) -> dict[str, Network | str]:
    found: dict[str, Network | str] = {}
    for name, *_ in edition:
        try:
            found[name] = load(MODELS / name)
        except ModelError as failure:
            found[name] = str(failure)
    server.give_memory_back()
    return found


def usable(of: Edition | None = None) -> dict[str, Network]:
    return {name: network for name, network in networks(of).items() if isinstance(network, Network)}


@kept()
def benchmarks() -> tuple[Benchmark, ...]:
    """What was measured of the app; none where that is damaged or not shipped."""
    try:
        return read_benchmarks(RESULTS)
    except ModelError:
        return ()


@kept(entries=16)
def sample_photo(_key: tuple[str, str], sample: Sample) -> Photo:
    """_key: the channels of the network, and the sample's name."""
    return sample.open()
