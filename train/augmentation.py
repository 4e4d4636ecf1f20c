"""Stored pictures → the batches that a network is trained on, all on its device."""

import torch
from torch import Tensor
from torch.nn import functional

from train.recipes import Recipe


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
        """A random square of each picture, moved by whole pixels, mirrored or not, in another light, at `size`."""
        count, channels, _, _ = pictures.shape
        device = self.mean.device
        low, high = self.recipe.crop_area
        side = torch.empty(count, device=device).uniform_(low, high).sqrt()
        mirror = torch.ones(count, device=device)
        if self.recipe.flip:
            mirror -= 2 * torch.randint(0, 2, (count,), device=device)
        shift = (2 * torch.rand(count, 2, device=device) - 1) * (1 - side)[:, None]
        shift += torch.randint(-self.recipe.shift, self.recipe.shift + 1, (count, 2), device=device) * 2 / size
        zero = torch.zeros_like(side)
        across = torch.stack([side * mirror, zero, shift[:, 0]], 1)
        down = torch.stack([zero, side, shift[:, 1]], 1)
        grid = functional.affine_grid(torch.stack([across, down], 1), [count, channels, size, size], align_corners=False)
        normalised = self.normalise(pictures, pictures.shape[-1])
        cut = functional.grid_sample(normalised, grid, padding_mode="reflection", align_corners=False)
        if self.recipe.light:
            change = (2 * torch.rand(2, count, 1, 1, 1, device=device) - 1) * self.recipe.light
            cut = cut * (1 + change[0]) + change[1]
        return cut.contiguous(memory_format=torch.channels_last)

    def mix(self, pictures: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Pastes a rectangle of another picture into a share of them; their targets are mixed by area (CutMix, Yun et al., 2019).

        pictures: float32 (N, C, S, S), in random order. targets: float32 (N, classes).
        """
        if not self.recipe.cutmix:
            return pictures, targets
        count, size, device = len(pictures), pictures.shape[-1], pictures.device
        chosen = torch.rand(count, 1, device=device) < self.recipe.cutmix
        half = torch.rand(count, 1, device=device).sqrt() / 2 * chosen
        centre = torch.rand(count, 2, device=device)
        low, high = (centre - half)[..., None], (centre + half)[..., None]
        positions = (torch.arange(size, device=device) + 0.5) / size
        across, down = ((low < positions) & (positions < high)).unbind(1)
        pasted = across[:, None, None, :] & down[:, None, :, None]
        share = pasted.float().mean((1, 2, 3))[:, None]
        mixed = torch.where(pasted, pictures.roll(1, 0), pictures)
        return mixed.contiguous(memory_format=torch.channels_last), torch.lerp(targets, targets.roll(1, 0), share)
