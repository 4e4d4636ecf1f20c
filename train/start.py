"""What a training begins with that does not begin at random: a trained network, and how it came to be."""

from dataclasses import dataclass
from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor

from convoscope.card import Card, read_card
from convoscope.history import LOG, MOMENTS, Epoch, read_log
from train.recipes import GPU_RECIPES, RECIPES, Recipe, further, transfer


class StartError(Exception):
    """A network that a training cannot begin with; its text says why."""


@dataclass(frozen=True)
class Start:
    """A trained network. weights: float32, by the names of `TrainingNetwork.plain`'s parameters."""

    folder: Path
    card: Card
    weights: dict[str, Tensor]

    def past(self, classes: tuple[str, ...]) -> tuple[Epoch, ...]:
        """The epochs behind it; none for other classes, as its answers then say nothing. Raises ModelError."""
        return read_log(self.folder / LOG) if classes == self.card.classes else ()

    @property
    def outputs(self) -> list[int]:
        """Output channels of each convolution in turn."""
        return [len(weight) for weight in self.weights.values() if weight.ndim == 4]

    @property
    def moments(self) -> tuple[Path, ...]:
        return tuple((self.folder / MOMENTS).glob("*.npz"))


def read_start(folder: Path) -> Start:
    """Raises ModelError."""
    card = read_card(folder)
    graph = onnx.load(folder / "model.onnx").graph
    weights = {each.name: torch.from_numpy(numpy_helper.to_array(each).copy()) for each in graph.initializer}
    return Start(folder, card, weights)


def recipe_of(network: str, gpu: bool, start: Start | None) -> Recipe:
    """The one of the start's stack; without a start, the one that suits the machine."""
    small = RECIPES[network]
    large = GPU_RECIPES.get(network, small)
    if start:
        gpu = start.outputs == [outputs for outputs, _ in large.stack.layers]
    return large if gpu else small


def going_on(recipe: Recipe, classes: tuple[str, ...], start: Start | None) -> Recipe:
    """What becomes of it where a training begins with a trained network."""
    if start is None:
        return recipe
    return further(recipe) if start.card.classes == classes else transfer(recipe)
