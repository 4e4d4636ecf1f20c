"""The network twice: as it is trained, with batch normalisation, and as it is shipped, plain.

In training the order is convolution → pooling → normalisation → ReLU, with the normalisation's scale fixed at 1. Max
pooling and ReLU commute with a positive scale and a shift, so folding into convolution → ReLU → pooling is exact, and
training costs less this way round.
"""

import copy
from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional

from train.recipes import Recipe
from train.start import Start, StartError


class Convolution(nn.Module):
    """3×3, padding 1, no bias. The kernels are the rows of one matrix, as orthogonalised optimisers want them.

    They begin as noise and, in equal parts, as what hands its inputs on (Zagoruyko and Komodakis, 2017).
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.inputs = inputs
        noise = nn.init.normal_(torch.empty(outputs, inputs * 9))
        handing_on = nn.init.dirac_(torch.empty(outputs, inputs, 3, 3)).flatten(1)
        kernels = noise / noise.norm() * outputs**0.5 + handing_on
        self.kernels = nn.Parameter(kernels / kernels.norm() * outputs**0.5)

    @property
    def weight(self) -> Tensor:
        """float32 (outputs, inputs, 3, 3)."""
        return self.kernels.view(-1, self.inputs, 3, 3)

    def forward(self, maps: Tensor) -> Tensor:
        return functional.conv2d(maps, self.weight, padding=1)


class Block(nn.Module):
    """Convolution → pooling → normalisation → ReLU."""

    def __init__(self, inputs: int, outputs: int, pooled: bool) -> None:
        super().__init__()
        self.convolution = Convolution(inputs, outputs)
        self.pooled = pooled
        self.normalisation = nn.BatchNorm2d(outputs)
        self.normalisation.weight.requires_grad_(False)

    def forward(self, maps: Tensor) -> Tensor:
        maps = self.convolution(maps)
        if self.pooled:
            maps = functional.max_pool2d(maps, 2)
        return functional.relu(self.normalisation(maps))

    def take_over(self, weight: Tensor, bias: Tensor, maps: Tensor) -> Tensor:
        """Becomes the plain convolution that `folded` would make of it; returns what it makes of the maps."""
        scale = len(weight) ** 0.5 / weight.norm()
        self.convolution.kernels.copy_(weight.flatten(1) * scale)
        maps = functional.conv2d(maps, weight, bias, padding=1)
        if self.pooled:
            maps = functional.max_pool2d(maps, 2)
        normalisation, mean = self.normalisation, maps.mean((0, 2, 3))
        assert normalisation.running_mean is not None
        assert normalisation.running_var is not None
        normalisation.bias.copy_(mean)
        normalisation.running_mean.copy_((mean - bias) * scale)
        normalisation.running_var.fill_(scale**2)
        return functional.relu(maps)

    def folded(self) -> nn.Conv2d:
        """The convolution that gives what convolution and normalisation give together when not training."""
        normalisation, weight = self.normalisation, self.convolution.weight
        assert normalisation.running_mean is not None
        assert normalisation.running_var is not None
        scale = 1 / torch.sqrt(normalisation.running_var + normalisation.eps)
        plain = nn.Conv2d(weight.shape[1], weight.shape[0], 3, padding=1)
        with torch.no_grad():
            plain.weight.copy_(weight * scale[:, None, None, None])
            plain.bias.copy_(normalisation.bias - normalisation.running_mean * scale)  # type: ignore[union-attr]
        return plain


class TrainingNetwork(nn.Module):
    """float32 (N, C, S, S) → logits (N, classes). With an average head S may change from step to step."""

    def __init__(self, recipe: Recipe, classes: int) -> None:
        super().__init__()
        stack, channels = recipe.stack, 3 if recipe.channels == "RGB" else 1
        blocks: list[Block] = []
        for outputs, pooled in stack.layers:
            blocks.append(Block(channels, outputs, pooled))
            channels = outputs
        self.blocks = nn.Sequential(*blocks)
        self.average = stack.head == "average"
        last = recipe.size // 2 ** sum(block.pooled for block in blocks)
        self.dense = nn.Linear(channels if self.average else channels * last**2, classes)

    def forward(self, pictures: Tensor) -> Tensor:
        maps = self.blocks(pictures)
        features = maps.mean((2, 3)) if self.average else maps.flatten(1)
        logits: Tensor = self.dense(features)
        return logits

    @torch.no_grad()
    def begin_with(self, start: Start, classes: tuple[str, ...], pictures: Tensor) -> None:
        """Takes over what a plain network has learned: when not training, it computes the same.

        A dense layer for other classes stays as it is. pictures: normalised float32 (N, C, S, S), whose mean responses the
        normalisation takes out. Raises StartError if it is another stack.
        """
        maps = pictures
        for number, block in enumerate(self.blocks, start=1):
            assert isinstance(block, Block)
            weight, bias = (start.weights.get(f"conv{number}.{part}") for part in ("weight", "bias"))
            if weight is None or bias is None or weight.shape != block.convolution.weight.shape:
                raise StartError(f"{start.folder} is another stack of convolutions than the recipe's.")
            maps = block.take_over(weight, bias, maps)
        if start.card.classes == classes:
            self.dense.load_state_dict({part: start.weights[f"logits.{part}"] for part in ("weight", "bias")})

    def plain(self) -> nn.Sequential:
        """The shipped network with folded weights. A step's name is its tensor's name in the exported graph."""
        steps: dict[str, nn.Module] = {}
        for number, block in enumerate(self.blocks, start=1):
            assert isinstance(block, Block)
            steps[f"conv{number}"] = block.folded()
            steps[f"relu{number}"] = nn.ReLU()
            if block.pooled:
                steps[f"pool{number}"] = nn.MaxPool2d(2)
        if self.average:
            steps["average"] = nn.AdaptiveAvgPool2d(1)
        steps["features"] = nn.Flatten()
        steps["logits"] = copy.deepcopy(self.dense)
        return nn.Sequential(OrderedDict(steps)).eval().cpu()


def multiply_adds(recipe: Recipe, classes: int) -> int:
    """Of one picture as it is served."""
    channels, side, total = len(recipe.mean), recipe.size, 0
    for outputs, pooled in recipe.stack.layers:
        total += side**2 * channels * outputs * 9
        channels, side = outputs, side // 2 if pooled else side
    return total + classes * channels * (1 if recipe.stack.head == "average" else side**2)
