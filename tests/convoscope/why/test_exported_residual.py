"""A residual network as PyTorch exports it: everything that asks why works on a graph that nobody here wrote."""

import warnings

import numpy as np
import onnx
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from convoscope.network import Network, load
from convoscope.why.full_gradient import open_full_gradients
from convoscope.why.gradients import open_gradients
from convoscope.why.question import Question
from convoscope.why.switches import open_leave_one_out, open_switchboard
from tests.graphs import card, noise, write

SIZE, CLASSES = 16, 6


class Block(nn.Module):
    """Two convolutions with normalisation, beside them a shorter way."""

    def __init__(self, taken: int, made: int, stride: int) -> None:
        super().__init__()
        self.one, self.two = nn.Conv2d(taken, made, 3, stride, 1, bias=False), nn.Conv2d(made, made, 3, 1, 1, bias=False)
        self.norms = nn.ModuleList(nn.BatchNorm2d(made) for _ in range(2))
        self.short = nn.Conv2d(taken, made, 1, stride) if (taken, stride) != (made, 1) else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        inner = functional.relu(self.norms[0](self.one(x)))
        return functional.relu(self.norms[1](self.two(inner)) + self.short(x))


@pytest.fixture(scope="module")
def twin() -> nn.Module:
    torch.manual_seed(0)
    made = nn.Sequential(
        nn.Conv2d(3, 8, 5, 2, 2, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, 1),
        Block(8, 8, 1),
        Block(8, 12, 2),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(12, CLASSES),
    )
    for each in made.modules():
        if isinstance(each, nn.BatchNorm2d):
            nn.init.normal_(each.running_mean)
            nn.init.uniform_(each.running_var, 0.5, 2)
            nn.init.normal_(each.bias)
    return made.eval()


@pytest.fixture(scope="module")
def network(twin: nn.Module, tmp_path_factory: pytest.TempPathFactory) -> Network:
    folder = tmp_path_factory.mktemp("residual")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's notices about its own internals
        torch.onnx.export(
            twin,
            (torch.zeros(2, 3, SIZE, SIZE),),
            folder / "exported.onnx",
            dynamo=True,
            verbose=False,
            input_names=["input"],
            output_names=["logits"],
            dynamic_shapes=({0: torch.export.Dim("batch")},),
            external_data=False,
        )
    built = onnx.load(folder / "exported.onnx")
    return load(write(folder / "model", built, card(built, SIZE, 3, CLASSES)))


def test_its_gradient_is_that_of_pytorch(twin: nn.Module, network: Network) -> None:
    assert {"Add", "MaxPool"} <= {node.op_type for node in network.model.graph.node}
    batch = noise((4, 3, SIZE, SIZE))
    x = torch.tensor(batch, requires_grad=True)
    (twin(x)[:, 2] - twin(x)[:, 5]).sum().backward()
    assert x.grad is not None
    found = open_gradients(network).of(batch, Question(2, 5))
    assert np.abs(found.photo - x.grad.numpy()).max() <= 1e-4 * np.abs(x.grad.numpy()).max()


def test_its_score_adds_up(network: Network) -> None:
    found = open_full_gradients(network).of(noise((1, 3, SIZE, SIZE)), Question(1))
    assert found.not_linear == ()
    assert abs(found.residual) <= 1e-6 * found.magnitude


def test_its_channels_have_switches(network: Network) -> None:
    board, x = open_switchboard(network), noise((1, 3, SIZE, SIZE))
    for stage in board.stages:
        dependence = open_leave_one_out(network, stage).of(x)
        expected = board.answer(x, {stage.tensor: 1 - np.eye(stage.shape[0])})
        np.testing.assert_allclose(dependence.without, expected, rtol=1e-3, atol=1e-4)
