from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from convoscope.network import load
from tests.graphs import card, prepared, write
from tests.train.tiny import FLATTEN, RECIPES, used
from train.export import export
from train.recipes import Recipe

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module", params=RECIPES)
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Recipe, nn.Sequential, Path]:
    """A network of random weights, plain and in a model folder."""
    recipe = RECIPES[request.param]
    plain = used(recipe).plain()
    folder = tmp_path_factory.mktemp(request.param)
    model = export(plain, recipe, folder / "model.onnx")
    assert (folder / "model.onnx").read_bytes() == model.SerializeToString()
    content = card(model, recipe.size, len(recipe.mean), 7, preprocessing=recipe.preprocessing.model_dump(mode="json"))
    return recipe, plain, write(folder, model, content)


Exported = tuple[Recipe, nn.Sequential, Path]


def test_every_tensor_of_the_engine_is_pytorchs(exported: Exported) -> None:
    _, plain, folder = exported
    network = load(folder)
    for seed in range(3):
        made = prepared(network.card.preprocessing, seed)
        trace = network.trace(made)
        assert [each.stage.tensor for each in trace.activations] == [name for name, _ in plain.named_children()]
        values = torch.from_numpy(made.tensor)
        for activation, step in zip(trace.activations, plain, strict=True):
            with torch.no_grad():
                values = step(values)
            wanted = values[0].numpy()
            assert np.abs(activation.values - wanted).max() <= 1e-5 * np.abs(wanted).max(), activation.stage.tensor


def test_parameters_are_counted_as_by_pytorch(exported: Exported) -> None:
    _, plain, folder = exported
    counts = {name: sum(value.numel() for value in step.parameters()) for name, step in plain.named_children()}
    assert {stage.tensor: stage.parameters for stage in load(folder).stages} == counts


def test_each_step_bears_its_name_and_its_weights_theirs(exported: Exported) -> None:
    _, plain, folder = exported
    graph = onnx.load(folder / "model.onnx").graph
    names = [name for name, _ in plain.named_children()]
    assert [node.name for node in graph.node] == names
    assert [list(node.output) for node in graph.node] == [[name] for name in names]
    assert [value.name for value in graph.input] == ["input"]
    assert [value.name for value in graph.output] == ["logits"]
    weights = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer if tensor.data_type == onnx.TensorProto.FLOAT}
    assert weights == {name: tuple(value.shape) for name, value in plain.state_dict().items()}


@pytest.mark.parametrize("count", [1, 2, 7])
def test_a_batch_may_have_any_size(exported: Exported, count: int) -> None:
    recipe, plain, folder = exported
    batch = torch.randn(count, len(recipe.mean), recipe.size, recipe.size)
    with torch.no_grad():
        expected = plain(batch).numpy()
    np.testing.assert_allclose(load(folder).logits(batch.numpy()), expected, rtol=1e-4, atol=1e-5)


def test_the_file_tells_nothing_of_the_machine(exported: Exported) -> None:
    _, _, folder = exported
    data = (folder / "model.onnx").read_bytes()
    for trace in (b".py", b"torch", b"site-packages", b"stack", b"line ", str(REPOSITORY).encode(), str(Path.home()).encode()):
        assert trace not in data
    assert onnx.load_from_string(data).producer_name == "convoscope"


def test_the_weights_are_inside(exported: Exported) -> None:
    assert sorted(path.name for path in exported[2].iterdir()) == ["card.json", "model.onnx"]


def test_a_step_that_the_exporter_drops_is_noticed(tmp_path: Path) -> None:
    plain = used(FLATTEN).plain()
    steps = nn.Sequential()
    for name, step in plain.named_children():
        steps.add_module(name, step)
    steps.add_module("nothing", nn.Identity())
    with pytest.raises(ValueError, match="9 steps became 8 operators"):
        export(steps.eval(), FLATTEN, tmp_path / "model.onnx")
    assert not (tmp_path / "model.onnx").exists()
