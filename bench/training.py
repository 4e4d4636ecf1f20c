"""Training: pictures per second with everything that belongs to it. Peer: the same network stepping on one resident batch."""

import itertools
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from convoscope.benchmark import Row
from train.data import Labelled, Source
from train.fit import Training
from train.recipes import PHOTO

BATCHES = 6  # of each kind, by turns
CLASSES = 200


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as run:
        training = Training(replace(PHOTO, snapshots=2), _pictures(BATCHES * PHOTO.batch), Path(run))
        training.network.train()
        batches: Iterator[tuple[Tensor, Tensor]] = itertools.chain.from_iterable(iter(lambda: training.loader, None))
        resident = next(batches)
        augmented = training.augment(resident[0], PHOTO.stored)
        targets = training.targets(resident[1])
        training.take_step(*resident, PHOTO.stored, 1)
        whole, floor = [], []
        for _ in range(BATCHES):
            whole.append(_seconds(lambda: training.take_step(*next(batches), PHOTO.stored, 1)))
            floor.append(_seconds(lambda: training.learn(augmented, targets, 1)))
    speed, peer = (PHOTO.batch / min(taken) for taken in (whole, floor))
    against = f"{speed / peer:.2f} × the same network stepping on one resident batch (aim: at least 0.9)"
    return [
        Row(
            what=f"training at {PHOTO.stored} × {PHOTO.stored}, from stored pictures",
            value=round(speed, 1),
            unit="pictures/s",
            against=against,
        )
    ]


def _pictures(count: int) -> Source:
    """Noise: what a picture shows does not change what it costs."""
    drawn = torch.randint(0, 256, (count, 3, PHOTO.stored, PHOTO.stored), dtype=torch.uint8)
    part = Labelled(drawn, torch.arange(count) % CLASSES)
    return Source("noise", tuple(f"class {number}" for number in range(CLASSES)), part, part, part, (), "noise")


def _seconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - started
