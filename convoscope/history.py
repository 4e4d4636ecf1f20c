"""How a network's training went: `training.jsonl`, one line per epoch."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from convoscope.card import ModelError

LOG = "training.jsonl"


@dataclass(frozen=True)
class Epoch:
    """loss: mean over the training pictures. accuracy: share right of pictures held out. size: of the pictures, in pixels.

    rate: of Muon at the epoch's end. step: taken so far.
    """

    epoch: int
    step: int
    size: int
    loss: float
    accuracy: float
    rate: float
    seconds: float


def write_log(path: Path, epochs: tuple[Epoch, ...] | list[Epoch]) -> None:
    path.write_text("".join(json.dumps(asdict(epoch)) + "\n" for epoch in epochs))


def read_log(path: Path) -> tuple[Epoch, ...]:
    """Empty where there is no such file. Raises ModelError if it is damaged."""
    if not path.exists():
        return ()
    try:
        return tuple(Epoch(**json.loads(line)) for line in path.read_text().splitlines())
    except (OSError, ValueError, TypeError) as failure:
        raise ModelError(f"{path.parent.name}/{path.name} is damaged, so the training cannot be shown.") from failure
