"""Trained network → model folder, checked through the engine before it takes anyone's place."""

import hashlib
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from torch import nn

from convoscope.card import Card, LayerTitle, ModelError, Origin, read_card, rewrite_card, write_card
from convoscope.history import LOG, MOMENTS, write_log
from convoscope.layers import layer_names
from convoscope.network import Network, load
from convoscope.photo import from_pixels
from convoscope.prepare import centre_crop, normalise, prepare
from train.data import Labelled, Source, Unseen
from train.evaluate import evaluate, write_evaluation
from train.export import export
from train.fit import Fitted
from train.measure import calibration, logits_of, results
from train.network import TrainingNetwork, multiply_adds
from train.novelty import limits
from train.recipes import Recipe

TOLERANCE = 1e-4
GOLDEN = 2  # pictures whose activations are kept


class CheckError(Exception):
    """The exported network does not compute what the trained one does; its text says where and by how much."""


class WorseError(Exception):
    """A better network is already there; its text gives both figures."""


def write_folder(fitted: Fitted, recipe: Recipe, source: Source, run: Path, licence: str | None) -> Path:
    """Writes `run/model`: graph, card, golden activations, log and history; checks it and measures it.

    Raises CheckError.
    """
    folder = run / "model"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    plain = fitted.network.plain()
    check_folding(fitted.network, plain, _input(source.held_out, recipe))
    _write_network(folder, plain, recipe, source, licence)
    check_parity(load(folder), folder / "golden.npz")
    _write_measured(folder, fitted, recipe, source)
    write_log(folder / LOG, fitted.logs)
    shutil.copytree(run / MOMENTS, folder / MOMENTS)
    write_evaluation(folder, evaluate(folder, source.test, source.test_photos, source.test_name))
    return folder


def _write_network(folder: Path, plain: nn.Sequential, recipe: Recipe, source: Source, licence: str | None) -> None:
    """The graph, a card of nothing measured, and golden activations."""
    model = export(plain, recipe, folder / "model.onnx")
    card = Card(
        schema_version=1,
        name=folder.parent.name,
        title=recipe.title,
        description=recipe.description,
        sha256=hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest(),
        preprocessing=recipe.preprocessing,
        classes=source.classes,
        layers=tuple(LayerTitle(name=name, title=_title(name)) for name in layer_names(model)),
        results=None,
        calibration=None,
        novelty=None,
        origin=None,
        licence=licence,
    )
    write_card(folder, card)
    _write_golden(folder, plain, source.test, recipe)


def _write_measured(folder: Path, fitted: Fitted, recipe: Recipe, source: Source) -> None:
    """Where the network comes from, how often it is right, and how far its percentages and doubts go, into the card."""
    network = load(folder)
    card = network.card.model_copy(
        update={
            "origin": _origin(fitted, recipe, source),
            "results": results(logits_of(network, source.test), source.test.labels.numpy(), source.test_name),
        }
    )
    rewrite_card(folder, calibrated(replace(network, card=card), source.held_out))


def measure(folder: Path, pictures: Unseen) -> None:
    """A network from elsewhere: temperature, doubts and figures into its card, all else into `evaluation.json`.

    Raises ModelError.
    """
    network = load(folder)
    found = results(logits_of(network, pictures.test), pictures.test.labels.numpy(), pictures.test_name)
    card = network.card.model_copy(update={"results": found})
    told = f"{len(pictures.choosing):,} pictures that it was not trained on"
    rewrite_card(folder, calibrated(replace(network, card=card), pictures.choosing, told))
    write_evaluation(folder, evaluate(folder, pictures.test, pictures.test_photos, pictures.test_name))


def calibrated(network: Network, held_out: Labelled, told: str | None = None) -> Card:
    """Its card with the temperature, and the limits of its doubts, that suit the pictures held out. told: what those are."""
    told = told or f"{len(held_out):,} training pictures held out"
    found = calibration(logits_of(network, held_out), held_out.labels.numpy(), told)
    card = network.card.model_copy(update={"calibration": found})
    return card.model_copy(update={"novelty": limits(replace(network, card=card), held_out, told)})


def install(folder: Path, out: Path, replace: bool) -> None:
    """Moves the finished folder to `out`, unless what is there is better. If that fails, all is as before.

    Raises WorseError if it is better, and `replace` is false.
    """
    fresh, old = out.with_name(f".{out.name}.new"), out.with_name(f".{out.name}.old")
    if old.exists() and not out.exists():  # killed between the two renamings below
        old.rename(out)
    if out.exists() and not replace:
        _check_better(read_card(folder), out)
    for leftover in (fresh, old):
        shutil.rmtree(leftover, ignore_errors=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        shutil.copytree(folder, fresh)
        if out.exists():
            out.rename(old)
        fresh.rename(out)
    finally:
        if old.exists() and not out.exists():
            old.rename(out)
        for leftover in (fresh, old):
            shutil.rmtree(leftover, ignore_errors=True)


@torch.no_grad()
def check_folding(network: TrainingNetwork, plain: nn.Sequential, pictures: torch.Tensor) -> None:
    """Training network against plain module, on the logits. Raises CheckError."""
    expected, found = network.eval()(pictures), plain(pictures)
    gap = float((expected - found).abs().max() / expected.abs().max())
    if not gap < TOLERANCE:
        raise CheckError(f"Folding batch normalisation changed the logits by {gap:.1e} of the largest.")


def check_parity(network: Network, golden: Path) -> None:
    """PyTorch's activations against the engine's, on every named tensor. Raises CheckError."""
    with np.load(golden, allow_pickle=False) as kept:
        expected = dict(kept)
    pixels = expected.pop("pixels")
    for picture, values in enumerate(pixels):
        photo = from_pixels(np.broadcast_to(values, (*values.shape[:2], 3)), "golden")
        trace = network.trace(prepare(photo, centre_crop(photo), network.card.preprocessing))
        for activation in trace.activations:
            want = expected[activation.stage.tensor][picture]
            gap = float(np.abs(activation.values - want).max() / max(1e-6, np.abs(want).max()))
            if not gap < TOLERANCE:
                raise CheckError(f"{activation.stage.tensor} differs from PyTorch's by {gap:.1e} of its largest value.")


@torch.no_grad()
def _write_golden(folder: Path, plain: nn.Sequential, pictures: Labelled, recipe: Recipe) -> None:
    values = _input(pictures, recipe)[:GOLDEN]
    tensors = {"pixels": pictures.pictures[:GOLDEN].numpy().transpose(0, 2, 3, 1)}
    for name, step in plain.named_children():
        values = step(values)
        tensors[name] = values.numpy()
    np.savez_compressed(folder / "golden.npz", allow_pickle=False, **tensors)


def _input(pictures: Labelled, recipe: Recipe) -> torch.Tensor:
    pixels = pictures.pictures[:100].numpy().transpose(0, 2, 3, 1)
    return torch.from_numpy(normalise(pixels, recipe.preprocessing))


def training_flops(recipe: Recipe, pictures: int, classes: int) -> float:
    """Three passes of each picture in each epoch, which go with its area; a teacher's training, and its one pass of them, too."""
    areas = sum(phase.epochs * (phase.size / recipe.size) ** 2 for phase in recipe.phases)
    flops = 2.0 * 3 * multiply_adds(recipe, classes) * pictures * areas
    if recipe.teacher:
        flops += training_flops(recipe.teacher, pictures, classes) + 2 * multiply_adds(recipe.teacher, classes) * pictures * areas
    return flops


def _origin(fitted: Fitted, recipe: Recipe, source: Source) -> Origin:
    told = _told(recipe)
    flops = training_flops(recipe, len(source.train), len(source.classes))
    if fitted.start:
        before = fitted.start.card.origin
        if before and len(fitted.logs) > recipe.epochs:
            told = f"{before.recipe}; then {told}"
            flops += before.flops
        else:
            told = f"Begun with {fitted.start.card.name} ({before.recipe if before else 'of unknown training'}); then {told}"
    return Origin(
        recipe=told,
        data=source.name,
        trained=datetime.now(UTC).date().isoformat(),
        epochs=len(fitted.logs),
        seconds=round(fitted.seconds, 1),
        flops=float(f"{flops:.3g}"),
        machine=fitted.machine,
    )


def _told(recipe: Recipe) -> str:
    sizes = ", ".join(f"{phase.epochs} epochs at {phase.size} × {phase.size}" for phase in recipe.phases)
    told = (
        f"{sizes}, batches of {recipe.batch}, Muon {recipe.muon_rate} and SGD {recipe.sgd_rate}, "
        f"label smoothing {recipe.smoothing}"
    )
    if recipe.cutmix:
        told += f", CutMix of {recipe.cutmix * 100:.0f} %"
    if recipe.teacher:
        widths = ", ".join(str(outputs) for outputs, _ in recipe.teacher.stack.layers)
        told += (
            f"; {recipe.teaching * 100:.0f} % of what it learned are the answers of a teacher with {widths} channels, trained "
            f"for {recipe.teacher.epochs} epochs"
        )
    return told


def _title(name: str) -> str:
    return f"Convolution {name.removeprefix('conv')}" if name.startswith("conv") else "Dense"


def _check_better(fresh: Card, out: Path) -> None:
    try:
        current = read_card(out)
    except ModelError:
        return
    assert fresh.results is not None
    if current.classes != fresh.classes:
        raise WorseError(f"{out} is a network for other classes; --replace puts the new one in its place.")
    if current.results and current.results.top1.value >= fresh.results.top1.value:
        raise WorseError(
            f"{out} is right on {current.results.top1.value:.1%} of its pictures, the new network on "
            f"{fresh.results.top1.value:.1%}; --replace puts it in its place all the same."
        )
