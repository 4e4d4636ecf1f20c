import pytest
import torch
from torch import nn
from torch.nn import functional

from tests.train.tiny import AVERAGE, FLATTEN, RECIPES, pictures, used
from train.network import Block, Convolution, TrainingNetwork
from train.recipes import PHOTO, SHAPES, Recipe, Stack


@pytest.mark.parametrize("recipe", [*RECIPES.values(), SHAPES, PHOTO], ids=["flatten", "average", "shapes", "photo"])
def test_folding_keeps_the_logits(recipe: Recipe) -> None:
    network = used(recipe)
    with torch.no_grad():
        expected, found = network(pictures(recipe)), network.plain()(pictures(recipe))
    assert found.shape == (5, 7)
    assert (found - expected).abs().max() <= 1e-5 * expected.abs().max()


@pytest.mark.parametrize("pooled", [True, False])
def test_a_folded_block_is_convolution_relu_pooling(pooled: bool) -> None:
    """Though it was trained as convolution, pooling, normalisation, ReLU."""
    block = Block(3, 4, pooled)
    nn.init.normal_(block.normalisation.running_mean)
    nn.init.uniform_(block.normalisation.running_var, 0.2, 3)
    block.eval()
    maps = torch.randn(2, 3, 8, 8)
    with torch.no_grad():
        plain = functional.relu(block.folded()(maps))
        torch.testing.assert_close(functional.max_pool2d(plain, 2) if pooled else plain, block(maps))


def test_folding_is_what_one_computes_by_hand() -> None:
    block = Block(1, 1, pooled=False)
    with torch.no_grad():
        block.convolution.kernels.copy_(torch.arange(9.0)[None])
    block.normalisation.running_mean.fill_(3)
    block.normalisation.running_var.fill_(4 - block.normalisation.eps)  # a standard deviation of 2
    nn.init.constant_(block.normalisation.bias, 10)
    plain = block.folded()
    torch.testing.assert_close(plain.weight.flatten(), torch.arange(9.0) / 2)
    torch.testing.assert_close(plain.bias, torch.tensor([10 - 3 / 2]))


def test_steps_bear_the_names_of_the_shipped_graph() -> None:
    assert [name for name, _ in used(FLATTEN).plain().named_children()] == [
        *("conv1", "relu1", "pool1", "conv2", "relu2", "pool2"),
        *("features", "logits"),
    ]
    assert [name for name, _ in used(AVERAGE).plain().named_children()] == [
        *("conv1", "relu1", "pool1", "conv2", "relu2", "conv3", "relu3"),
        *("average", "features", "logits"),
    ]


def test_the_plain_network_shares_nothing_with_the_trained_one() -> None:
    network = used(FLATTEN)
    plain = network.plain()
    before = {name: value.clone() for name, value in plain.state_dict().items()}
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(1)
    for name, value in plain.state_dict().items():
        torch.testing.assert_close(value, before[name], rtol=0, atol=0)


@pytest.mark.parametrize("size", [12, 16, 24])
def test_an_average_head_takes_pictures_of_any_size(size: int) -> None:
    assert used(AVERAGE)(torch.randn(2, 3, size, size)).shape == (2, 7)


def test_a_groups_first_convolution_is_pooled() -> None:
    stack = Stack(groups=((8,), (16, 17), (32, 33)), pooled=(True, True, False), head="average")
    assert stack.layers == [(8, True), (16, True), (17, False), (32, False), (33, False)]


def test_kernels_start_at_unit_scale() -> None:
    kernels = Convolution(5, 12).kernels
    assert kernels.shape == (12, 45)
    assert kernels.norm().item() ** 2 == pytest.approx(12, rel=1e-5)


def test_the_scale_of_the_normalisation_is_not_trained() -> None:
    trained = {name for name, parameter in TrainingNetwork(FLATTEN, 7).named_parameters() if parameter.requires_grad}
    assert not {name for name in trained if name.endswith("normalisation.weight")}
    assert {name for name in trained if name.endswith("normalisation.bias")}
