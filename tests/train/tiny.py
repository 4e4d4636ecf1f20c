"""The smallest training that still goes through every step: drawings of 16 pixels, two convolutions, seconds."""

import dataclasses
from functools import cache

import torch
from torch import nn

from train import data
from train.data import Source
from train.network import TrainingNetwork
from train.recipes import SHAPES, Phase, Recipe, Stack

FLATTEN = dataclasses.replace(
    SHAPES,
    stack=Stack(groups=((4,), (6,)), pooled=(True, True), head="flatten"),
    size=16,
    stored=16,
    phases=(Phase(3, 16),),
    batch=20,
    snapshots=4,
)
AVERAGE = dataclasses.replace(
    FLATTEN,
    stack=Stack(groups=((4,), (6, 5)), pooled=(True, False), head="average"),
    channels="RGB",
    mean=(0.5, 0.4, 0.3),
    std=(0.2, 0.3, 0.4),
)
RECIPES: dict[str, Recipe] = {"flatten": FLATTEN, "average": AVERAGE}


@cache
def source() -> Source:
    return data.draw(160, FLATTEN)


def used(recipe: Recipe, classes: int = 7, seed: int = 0) -> TrainingNetwork:
    """A network as after some training: random weights and normalisation statistics."""
    torch.manual_seed(seed)
    network = TrainingNetwork(recipe, classes)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.2, 3)
            nn.init.normal_(module.bias)
    return network.eval()


def pictures(recipe: Recipe, count: int = 5) -> torch.Tensor:
    return torch.randn(count, len(recipe.mean), recipe.size, recipe.size, generator=torch.Generator().manual_seed(1))
