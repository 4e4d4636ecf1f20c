"""How a network's training went: `training.jsonl`, one line per epoch, and `history/`, its weights at some moments."""

import hashlib
import io
import zipfile
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from onnx import TensorProto, numpy_helper
from onnxruntime import InferenceSession

from convoscope.card import Count, ModelError, Part, Share
from convoscope.graph.tap import tap
from convoscope.graph.weights import adjustable
from convoscope.network import Network, open_session

LOG = "training.jsonl"
MOMENTS = "history"
FLOAT16 = 2**-10, 2**-24  # by how much a number kept as such may differ from itself: as a share, and near zero


class Epoch(Part):
    """loss: mean over the training pictures. accuracy: share right of pictures held out.

    size: of the pictures learned from, in pixels. rate: of Muon at the epoch's end. step: taken so far.
    """

    epoch: Count
    step: Count
    size: Count
    loss: float
    accuracy: Share
    rate: float
    seconds: float


def write_log(path: Path, epochs: tuple[Epoch, ...] | list[Epoch]) -> None:
    path.write_text("".join(epoch.model_dump_json() + "\n" for epoch in epochs))


def read_log(path: Path) -> tuple[Epoch, ...]:
    """Empty where there is no such file. Raises ModelError if it is damaged."""
    if not path.exists():
        return ()
    try:
        return tuple(Epoch.model_validate_json(line) for line in path.read_text().splitlines())
    except (OSError, ValueError) as failure:
        raise ModelError(f"{path.parent.name}/{path.name} is damaged, so the training cannot be shown.") from failure


@dataclass(frozen=True)
class History:
    """The moments of a network's training that were kept. paths: for each step in order a `.npz` of its initialisers, float16."""

    network: Network
    session: InferenceSession
    paths: dict[int, Path]

    @property
    def steps(self) -> tuple[int, ...]:
        return tuple(self.paths)

    def at(self, step: int) -> Network:
        """The network as it was after this step. Its percentages use the temperature of the final one. Raises ModelError.

        The last moment is the network itself, unless it went on to learn: float16 alone makes no other one of it.
        """
        path = self.paths[step]
        try:
            data = path.read_bytes()
            with np.load(io.BytesIO(data), allow_pickle=False) as kept:
                weights = {name: kept[name].astype(np.float32) for name in kept}
        except (OSError, ValueError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error) as failure:
            raise ModelError(f"{_name(path)} is damaged, so this moment cannot be shown.") from failure
        final = {
            tensor.name: numpy_helper.to_array(tensor)
            for tensor in self.network.model.graph.initializer
            if tensor.data_type == TensorProto.FLOAT
        }
        if {name: values.shape for name, values in weights.items()} != {name: values.shape for name, values in final.items()}:
            raise ModelError(f"{_name(path)} does not fit the graph, so this moment cannot be shown.")
        if step == self.steps[-1] and all(np.allclose(values, final[name], *FLOAT16) for name, values in weights.items()):
            return self.network
        moment = f"step {step}, {hashlib.sha256(data).hexdigest()}"
        return replace(self.network, session=self.session, weights=weights, moment=moment)


def open_history(folder: Path, network: Network) -> History | None:
    """None where no moment was kept."""
    paths = {int(path.stem): path for path in (folder / MOMENTS).glob("*.npz") if path.stem.isdecimal()}
    if not paths:
        return None
    return History(network, open_session(adjustable(tap(network.model)), threads=1), dict(sorted(paths.items())))


def _name(path: Path) -> str:
    return "/".join(path.parts[-3:])
