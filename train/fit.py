"""Recipe and pictures → trained network, with a checkpoint after each epoch and snapshots for "watch it learn"."""

import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import SGD, Muon
from torch.utils.data import DataLoader
from tqdm import tqdm

from convoscope.history import LOG, Epoch, read_log, write_log
from train.data import SEED, Labelled, Source
from train.network import Convolution, TrainingNetwork
from train.recipes import Recipe

FIRST_SNAPSHOT = 10  # steps; then evenly in log steps to the last
STATISTICS_BATCHES = 20  # batches that give a snapshot its normalisation statistics
MEASURING_BATCH = 500


class ResumeError(Exception):
    """A run that cannot be taken up again; its text says why."""


@dataclass(frozen=True)
class Fitted:
    network: TrainingNetwork
    logs: tuple[Epoch, ...]

    @property
    def seconds(self) -> float:
        return sum(log.seconds for log in self.logs)


def precision() -> str:
    """bf16 where the machine multiplies it in hardware, else no mixed precision."""
    if torch.cuda.is_available():
        return "bf16" if torch.cuda.is_bf16_supported() else "fp16"
    return "bf16" if torch.cpu.get_capabilities().get("avx512_bf16") else "no"


def fit(recipe: Recipe, source: Source, run: Path, resume: bool) -> Fitted:
    """Trains, or goes on where `run` stopped. Writes `checkpoint/`, `training.jsonl` and `history/` into `run`.

    Raises ResumeError if `run` belongs to another recipe or other pictures.
    """
    torch.manual_seed(SEED)
    accelerator = Accelerator(mixed_precision=precision())
    network = TrainingNetwork(recipe, len(source.classes))
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # nn.Module's stubs leave it out
    muon, sgd = _optimisers(network, recipe)
    loader: DataLoader[Any] = DataLoader(
        source.train,  # type: ignore[arg-type]  # has __getitems__ alone: it is read in batches
        batch_size=max(1, min(recipe.batch, len(source.train)) // accelerator.num_processes),
        shuffle=True,
        drop_last=True,
        collate_fn=lambda batch: batch,
    )
    wrapped, muon, sgd, loader = accelerator.prepare(network, muon, sgd, loader)
    total = recipe.epochs * len(loader)
    moments = snapshot_steps(total, recipe.snapshots) - {total}
    plan = json.dumps({"data": source.name, "classes": source.classes, "pictures": len(source.train), "recipe": asdict(recipe)})
    logs = _resume(accelerator, run, plan) if resume else _begin(accelerator, run, plan)
    step = logs[-1].step if logs else 0
    augment = Augmentation(recipe, accelerator.device)

    def keep_snapshot() -> None:
        if step in moments and accelerator.is_main_process:
            _save_snapshot(run / "history" / f"{step}.npz", _with_own_statistics(network, source.train, augment))

    if not logs:
        keep_snapshot()
    bar = tqdm(total=total, initial=step, unit=" steps", disable=not accelerator.is_main_process)
    for epoch in range(len(logs), recipe.epochs):
        started, losses = time.perf_counter(), []
        wrapped.train()
        for pictures, labels in loader:
            share = rate_share(step / total, recipe.warmup)
            _set_rates(muon, recipe.muon_rate * share)
            _set_rates(sgd, recipe.sgd_rate * share)
            with accelerator.autocast():
                logits = wrapped(augment(pictures, recipe.size_at(epoch)))
                loss = functional.cross_entropy(logits.float(), labels, label_smoothing=recipe.smoothing)
            accelerator.backward(loss)
            for optimiser in (muon, sgd):
                optimiser.step()
                optimiser.zero_grad()
            _rescale(network)
            losses.append(loss.detach())
            step += 1
            bar.update()
            keep_snapshot()
        log = Epoch(
            epoch=epoch + 1,
            step=step,
            size=recipe.size_at(epoch),
            loss=round(float(torch.stack(losses).mean()), 4),
            accuracy=round(accuracy(network, source.held_out, augment, recipe.size_at(epoch)), 4),
            rate=round(recipe.muon_rate * share, 5),
            seconds=round(time.perf_counter() - started, 2),
        )
        logs.append(log)
        bar.set_postfix(loss=log.loss, held_out=log.accuracy)
        _save(accelerator, run, logs)
    bar.close()
    trained = _copy(network, recipe).eval()
    if accelerator.is_main_process:
        _save_snapshot(run / "history" / f"{total}.npz", trained)
    return Fitted(trained, tuple(logs))


class Augmentation:
    """uint8 (N, C, S, S) → normalised float32 of any size, varied at random when training."""

    def __init__(self, recipe: Recipe, device: torch.device) -> None:
        self.recipe = recipe
        self.mean = torch.tensor(recipe.mean, device=device)[:, None, None]
        self.std = torch.tensor(recipe.std, device=device)[:, None, None]

    def normalise(self, pictures: Tensor, size: int) -> Tensor:
        """The whole pictures, reduced to `size`."""
        pictures = (pictures.to(self.mean.device).float() / 255 - self.mean) / self.std
        if size != pictures.shape[-1]:
            pictures = functional.interpolate(pictures, (size, size), mode="bilinear", antialias=True)
        return pictures.contiguous(memory_format=torch.channels_last)

    def __call__(self, pictures: Tensor, size: int) -> Tensor:
        """A random square of each picture, mirrored or not, at `size`."""
        count, channels, _, _ = pictures.shape
        device = self.mean.device
        low, high = self.recipe.crop_area
        side = torch.empty(count, device=device).uniform_(low, high).sqrt()
        mirror = torch.ones(count, device=device)
        if self.recipe.flip:
            mirror -= 2 * torch.randint(0, 2, (count,), device=device)
        shift = (2 * torch.rand(count, 2, device=device) - 1) * (1 - side)[:, None]
        zero = torch.zeros_like(side)
        across = torch.stack([side * mirror, zero, shift[:, 0]], 1)
        down = torch.stack([zero, side, shift[:, 1]], 1)
        grid = functional.affine_grid(torch.stack([across, down], 1), [count, channels, size, size], align_corners=False)
        normalised = self.normalise(pictures, pictures.shape[-1])
        cut = functional.grid_sample(normalised, grid, padding_mode="reflection", align_corners=False)
        return cut.contiguous(memory_format=torch.channels_last)


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


def _begin(accelerator: Accelerator, run: Path, plan: str) -> list[Epoch]:
    if accelerator.is_main_process:
        shutil.rmtree(run, ignore_errors=True)
        (run / "history").mkdir(parents=True)
        (run / "plan.json").write_text(plan)
    accelerator.wait_for_everyone()
    return []


def _resume(accelerator: Accelerator, run: Path, plan: str) -> list[Epoch]:
    if not ((run / "checkpoint").is_dir() and (run / "plan.json").exists()):
        raise ResumeError(f"There is no checkpoint in {run}; start without --resume.")
    if (run / "plan.json").read_text() != plan:
        raise ResumeError(f"The run in {run} was started with another recipe or other pictures; start without --resume.")
    accelerator.load_state(str(run / "checkpoint"))
    return list(read_log(run / "checkpoint" / LOG))


def _save(accelerator: Accelerator, run: Path, logs: list[Epoch]) -> None:
    fresh, current = run / "checkpoint.new", run / "checkpoint"
    fresh.mkdir(exist_ok=True)
    accelerator.save_state(str(fresh))
    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        write_log(fresh / LOG, logs)
        shutil.rmtree(current, ignore_errors=True)
        fresh.rename(current)
    accelerator.wait_for_everyone()


def _save_snapshot(path: Path, network: TrainingNetwork) -> None:
    """The folded weights as float16."""
    weights = {name: tensor.numpy().astype(np.float16) for name, tensor in network.plain().state_dict().items()}
    np.savez_compressed(path, allow_pickle=False, **weights)


@torch.no_grad()
def _with_own_statistics(network: TrainingNetwork, pictures: Labelled, augment: Augmentation) -> TrainingNetwork:
    """A copy whose normalisation statistics are those of its very weights, not a mean over the steps before."""
    still = _copy(network, augment.recipe)
    for module in still.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None
    for batch in _first_batches(pictures):
        still(augment.normalise(batch, augment.recipe.size).cpu())
    return still


def _copy(network: TrainingNetwork, recipe: Recipe) -> TrainingNetwork:
    """The same weights in float32 on the CPU, free of what mixed precision wraps around a network."""
    copy = TrainingNetwork(recipe, network.dense.out_features)
    copy.load_state_dict({name: value.float().cpu() for name, value in network.state_dict().items()})
    return copy


def _first_batches(pictures: Labelled) -> Iterator[Tensor]:
    for first in range(0, min(len(pictures), STATISTICS_BATCHES * MEASURING_BATCH), MEASURING_BATCH):
        yield pictures.pictures[first : first + MEASURING_BATCH]
