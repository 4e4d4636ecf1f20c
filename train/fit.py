"""Recipe and pictures → trained network, with a checkpoint after each epoch and snapshots for "watch it learn"."""

import json
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import SGD, Muon
from torch.utils.data import DataLoader
from tqdm import tqdm

from convoscope.history import MOMENTS, Epoch
from train import checkpoint
from train.augmentation import Augmentation
from train.checkpoint import writing
from train.data import SEED, Labelled, Source
from train.network import Convolution, TrainingNetwork
from train.recipes import Recipe
from train.start import Start

FIRST_SNAPSHOT = 10  # steps; then evenly in log steps to the last
STATISTICS_BATCHES = 20  # batches that give a snapshot its normalisation statistics
MEASURING_BATCH = 500


class DivergedError(Exception):
    """A training whose loss is no number any more; its text says what to do."""


def precision() -> str:
    """bf16 where the machine multiplies it in hardware, else no mixed precision."""
    if torch.cuda.is_available():
        return "bf16" if torch.cuda.is_bf16_supported() else "fp16"
    return "bf16" if torch.cpu.get_capabilities().get("avx512_bf16") else "no"


def machine() -> str:
    """What trains here, in words."""
    threads = torch.get_num_threads()
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else f"CPU, {threads} thread{'' if threads == 1 else 's'}"
    return f"{device}, precision {precision()}"


@dataclass(frozen=True)
class Fitted:
    """start: what it began with, if not at random. logs: of all its epochs, those of the start's past included.

    teacher: what it learned from besides the labels.
    """

    network: TrainingNetwork
    logs: tuple[Epoch, ...]
    start: Start | None
    teacher: "Fitted | None" = None
    machine: str = field(default_factory=machine)

    @property
    def seconds(self) -> float:
        """The teacher's training included."""
        return sum(log.seconds for log in self.logs) + (self.teacher.seconds if self.teacher else 0)


def fit(
    recipe: Recipe, source: Source, run: Path, resume: bool, start: Start | None = None, teacher: TrainingNetwork | None = None
) -> Fitted:
    """Trains, or goes on where `run` stopped. Writes checkpoints, `plan.json` and `history/` into `run`.

    start: what to begin with in place of random weights. With the same classes its log and history go on, too.
    teacher: trained by `recipe.teacher`.
    Raises ResumeError if `run` belongs to another recipe or other pictures or its checkpoint is damaged, StartError, ModelError,
    WriteError, DivergedError.
    """
    training = Training(recipe, source, run, start, teacher)
    plan = {"data": source.name, "classes": source.classes, "pictures": len(source.train), "recipe": asdict(recipe)}
    if start:
        plan["start"] = start.card.sha256
    if resume:
        logs = checkpoint.resume(training.accelerator, run, json.dumps(plan))
    else:
        logs = checkpoint.begin(training.accelerator, run, json.dumps(plan), start.moments if start and training.past else ())
        logs += training.past
    training.start(logs[-1].step if logs else 0)
    for number in range(len(logs), len(training.past) + recipe.epochs):
        logs.append(training.epoch(number))
        checkpoint.save(training.accelerator, run, logs)
    return Fitted(training.finish(), tuple(logs), start)


def taught(recipe: Recipe, source: Source, run: Path, resume: bool) -> Fitted:
    """Trains the recipe's teacher in a folder beside `run`, then with it the network. Raises as `fit` does."""
    assert recipe.teacher is not None
    teachers = run.with_name(f"{run.name}-teacher")
    teacher = fit(recipe.teacher, source, teachers, resume)
    fitted = fit(recipe, source, run, resume and checkpoint.exists(run), teacher=teacher.network)
    return replace(fitted, teacher=teacher)


class Training:
    """What changes while a network is trained: its weights, the memory of the optimisers, the step.

    past: the epochs that the start has behind it. The count of epochs and steps goes on from there; the rates begin anew.
    """

    def __init__(
        self, recipe: Recipe, source: Source, run: Path, start: Start | None = None, teacher: TrainingNetwork | None = None
    ) -> None:
        torch.backends.cudnn.benchmark = True  # the sizes are few
        self.accelerator = Accelerator(mixed_precision=precision())
        set_seed(SEED, device_specific=True)  # so that no two processes crop and mirror alike; weights are those of the first
        self.recipe, self.source, self.run = recipe, source, run
        self.augment = Augmentation(recipe, self.accelerator.device)
        self.network = TrainingNetwork(recipe, len(source.classes))
        if start:
            first = next(_first_batches(source.train))
            self.network.begin_with(start, source.classes, self.augment.normalise(first, recipe.size_at(0)).cpu())
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # nn.Module's stubs leave it out
        self.teacher = teacher and teacher.to(self.accelerator.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        muon, sgd = _optimisers(self.network, recipe)
        loader = _loader(source.train.near(self.accelerator.device), recipe.batch, self.accelerator.num_processes)
        self.wrapped, self.muon, self.sgd, self.loader = self.accelerator.prepare(self.network, muon, sgd, loader)
        self.past = start.past(source.classes) if start else ()
        self.begun = self.past[-1].step if self.past else 0
        self.total = recipe.epochs * len(self.loader)
        last = self.begun + self.total
        self.moments = {step for step in snapshot_steps(last, recipe.snapshots) if step < last and step >= self.begun}
        self.step = self.begun

    def start(self, step: int) -> None:
        """step: taken before. Raises WriteError."""
        self.step = step
        whole, silent = self.begun + self.total, not self.accelerator.is_main_process
        self.bar = tqdm(total=whole, initial=step, unit=" steps", disable=silent)
        if step == 0:
            self._keep_snapshot()

    def epoch(self, number: int) -> Epoch:
        """One pass through the pictures. number: from 0, those of the past included. Raises WriteError, DivergedError."""
        started, size, losses = time.perf_counter(), self.recipe.size_at(number - len(self.past)), []
        self.wrapped.train()
        for pictures, labels in self.loader:
            share = rate_share((self.step - self.begun) / self.total, self.recipe.warmup)
            losses.append(self.take_step(pictures, labels, size, share))
            self.step += 1
            self.bar.update()
            self._keep_snapshot()
        loss = float(torch.stack(losses).mean())
        if not math.isfinite(loss):
            raise DivergedError(
                f"The loss is no number any more after epoch {number + 1}: lower the rates in train/recipes.py and start anew."
            )
        log = Epoch(
            epoch=number + 1,
            step=self.step,
            size=size,
            loss=round(loss, 4),
            accuracy=round(accuracy(self.network, self.source.held_out, self.augment, self.recipe.served(size)), 4),
            rate=round(self.recipe.muon_rate * share, 5),
            seconds=round(time.perf_counter() - started, 2),
        )
        self.bar.set_postfix(loss=log.loss, held_out=log.accuracy)
        return log

    def take_step(self, pictures: Tensor, labels: Tensor, size: int, share: float) -> Tensor:
        """One step on pictures as they are stored: they are varied here, all at once, on the device. Returns the loss."""
        return self.learn(*self.augment.mix(self.augment(pictures, size), self.targets(labels)), share)

    def targets(self, labels: Tensor) -> Tensor:
        """float32 (N, classes): the labels, smoothed, as probabilities."""
        classes, smoothing = self.network.dense.out_features, self.recipe.smoothing
        return functional.one_hot(labels.to(self.accelerator.device), classes) * (1 - smoothing) + smoothing / classes

    def learn(self, pictures: Tensor, targets: Tensor, share: float) -> Tensor:
        """One step of both optimisers at this share of their peak rates. pictures and targets: as the network gets them."""
        _set_rates(self.muon, self.recipe.muon_rate * share)
        _set_rates(self.sgd, self.recipe.sgd_rate * share)
        with self.accelerator.autocast():
            if self.teacher:
                with torch.no_grad():
                    targets = torch.lerp(targets, self.teacher(pictures).float().softmax(1), self.recipe.teaching)
            loss = functional.cross_entropy(self.wrapped(pictures).float(), targets)
        self.accelerator.backward(loss)
        for optimiser in (self.muon, self.sgd):
            optimiser.step()
            optimiser.zero_grad()
        _rescale(self.network)
        return loss.detach()

    def finish(self) -> TrainingNetwork:
        """The network as trained, in float32 on the CPU. Raises WriteError."""
        self.bar.close()
        trained = _copy(self.network, self.recipe).eval()
        if self.accelerator.is_main_process:
            self._save_snapshot(trained)
        return trained

    def _keep_snapshot(self) -> None:
        if self.step in self.moments and self.accelerator.is_main_process:
            self._save_snapshot(_with_own_statistics(self.network, self.source.train, self.augment))

    def _save_snapshot(self, network: TrainingNetwork) -> None:
        """The folded weights as float16."""
        weights = {name: tensor.numpy().astype(np.float16) for name, tensor in network.plain().state_dict().items()}
        with writing(self.run):
            np.savez_compressed(self.run / MOMENTS / f"{self.step}.npz", allow_pickle=False, **weights)


def snapshot_steps(total: int, count: int) -> frozenset[int]:
    """0, the last step, and the steps between them evenly in log steps."""
    later = np.geomspace(min(FIRST_SNAPSHOT, total), total, count - 1).round().astype(int)
    return frozenset({0, *later.tolist()})


def rate_share(progress: float, warmup: float) -> float:
    """Share of the peak rate: up in a straight line during the warm-up, then down to zero. progress: 0-1."""
    return min(progress / warmup, (1 - progress) / (1 - warmup))


@torch.no_grad()
def accuracy(network: TrainingNetwork, pictures: Labelled, augment: Augmentation, size: int) -> float:
    """Share of the pictures whose largest logit is their class's."""
    network.eval()
    right = 0
    for first in range(0, len(pictures), MEASURING_BATCH):
        part = slice(first, first + MEASURING_BATCH)
        guesses = network(augment.normalise(pictures.pictures[part], size)).argmax(1).cpu()
        right += int((guesses == pictures.labels[part]).sum())
    return right / len(pictures)


def _loader(pictures: Labelled, batch: int, processes: int) -> DataLoader[Any]:
    """batch: over all processes."""
    return DataLoader(
        pictures,  # type: ignore[arg-type]  # has __getitems__ alone: it is read in batches
        batch_size=max(1, min(batch, len(pictures)) // processes),
        shuffle=True,
        drop_last=True,
        collate_fn=lambda batch: batch,
    )


def _optimisers(network: TrainingNetwork, recipe: Recipe) -> tuple[Muon, SGD]:
    first, *later = [module.kernels for module in network.modules() if isinstance(module, Convolution)]
    shifts = [module.bias for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    muon = Muon(later, lr=recipe.muon_rate, momentum=recipe.muon_momentum, weight_decay=0, ns_steps=3)
    sgd = SGD(
        [
            {"params": [first, *shifts], "weight_decay": 0},
            {"params": list(network.dense.parameters()), "weight_decay": recipe.sgd_decay},
        ],
        lr=recipe.sgd_rate,
        momentum=recipe.sgd_momentum,
        nesterov=True,
    )
    return muon, sgd


def _set_rates(optimiser: torch.optim.Optimizer, rate: float) -> None:
    for group in optimiser.param_groups:
        group["lr"] = rate


@torch.no_grad()
def _rescale(network: TrainingNetwork) -> None:
    """Normalisation follows each convolution, so the scale of its kernels has no effect but to shrink their steps."""
    for module in network.modules():
        if isinstance(module, Convolution):
            module.kernels.mul_(len(module.kernels) ** 0.5 / module.kernels.norm())


@torch.no_grad()
def _with_own_statistics(network: TrainingNetwork, pictures: Labelled, augment: Augmentation) -> TrainingNetwork:
    """A copy whose normalisation statistics are those of its very weights, not a mean over the steps before."""
    still = _copy(network, augment.recipe).to(augment.mean.device)
    for module in still.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None
    for batch in _first_batches(pictures):
        still(augment.normalise(batch, augment.recipe.size))
    return still.cpu()


def _copy(network: TrainingNetwork, recipe: Recipe) -> TrainingNetwork:
    """The same weights in float32 on the CPU, free of what mixed precision wraps around a network."""
    copy = TrainingNetwork(recipe, network.dense.out_features)
    copy.load_state_dict({name: value.float().cpu() for name, value in network.state_dict().items()})
    return copy


def _first_batches(pictures: Labelled) -> Iterator[Tensor]:
    for first in range(0, min(len(pictures), STATISTICS_BATCHES * MEASURING_BATCH), MEASURING_BATCH):
        yield pictures.pictures[first : first + MEASURING_BATCH]
