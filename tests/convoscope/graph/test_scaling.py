from pathlib import Path

import numpy as np
import pytest
from onnx import NodeProto

from convoscope.card import rewrite_card
from convoscope.firsts import first_convolution
from convoscope.network import Network, load, open_session
from convoscope.prepare import normalise
from tests.graphs import card, model, noise, prepared, write
from tests.graphs import node as step

SIZE = 6
MEAN = np.array([0.1, 0.2, 0.3], np.float32).reshape(3, 1, 1)
HALF, TWICE = np.array(0.5, np.float32), np.full((1, 1, 1), 2, np.float32)
WEIGHTS = {"k": noise((4, 3, 3, 3)), "d": noise((4, 5)), "mean": MEAN, "half": HALF, "twice": TWICE, "less": -HALF}
REST = [
    step("Conv", "ready k", "conv", pads=[1] * 4),
    step("GlobalAveragePool", "conv", "mean_maps"),
    step("Flatten", "mean_maps", "row"),
    step("Gemm", "row d", "logits"),
]
TAKEN = {
    "as PyTorch's Normalize": [step("Sub", "input mean", "a"), step("Div", "a half", "ready")],
    "the constant first": [step("Mul", "twice input", "a"), step("Add", "half a", "ready")],
    "four steps": [
        step("Mul", "input twice", "a"),
        step("Sub", "a half", "b"),
        step("Div", "b half", "c"),
        step("Add", "c mean", "ready"),
    ],
}
LEFT = {
    "what it is taken from": [step("Sub", "mean input", "ready")],
    "turned around": [step("Mul", "input less", "ready")],
    "used twice": [step("Sub", "input mean", "a"), step("Add", "a input", "ready")],
    "by itself": [step("Mul", "input input", "ready")],
}


def network_of(steps: list[NodeProto], folder: Path) -> tuple[Network, np.ndarray, np.ndarray]:
    """The network, its logits for a photo, and what the graph as it was written gives for the same photo."""
    built = model([*steps, *REST], WEIGHTS, (3, SIZE, SIZE))
    content = card(built, SIZE, 3, 5)
    network = load(write(folder, built, content))
    shown = prepared(network.card.preprocessing, 0)
    given = normalise(shown.resized[None], network.card.preprocessing.model_copy(update={"mean": (0.5,) * 3, "std": (0.25,) * 3}))
    return network, network.logits(shown.tensor), open_session(built, 1).run(["logits"], {"input": given})[0]


@pytest.mark.parametrize("name", TAKEN)
def test_steps_that_scale_the_pixels_prepare_the_photo(name: str, tmp_path: Path) -> None:
    network, found, expected = network_of(TAKEN[name], tmp_path)
    assert [stage.operator for stage in network.stages] == ["Conv", "GlobalAveragePool", "Flatten", "Gemm"]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    shown = prepared(network.card.preprocessing, 0)
    assert first_convolution(network, shown, network.trace(shown))


def test_a_card_written_again_says_what_it_said(tmp_path: Path) -> None:
    network, before, _ = network_of(TAKEN["four steps"], tmp_path)
    rewrite_card(tmp_path, network.card.model_copy(update={"licence": "MIT"}))
    again = load(tmp_path)
    assert again.card == network.card.model_copy(update={"licence": "MIT"})
    np.testing.assert_array_equal(again.logits(prepared(again.card.preprocessing, 0).tensor), before)


def test_a_scaling_undone_leaves_zero_black(tmp_path: Path) -> None:
    steps = [step("Mul", "input half", "a"), step("Add", "a mean", "ready")]
    built = model([*steps, *REST], WEIGHTS, (3, SIZE, SIZE))
    made = {"mean": MEAN.ravel().tolist(), "std": [0.5] * 3}
    content = card(built, SIZE, 3, 5)
    content["preprocessing"] |= made
    assert load(write(tmp_path, built, content)).card.preprocessing.mean == (0.0,) * 3


def test_one_channel_made_three_is_a_step_of_the_network(tmp_path: Path) -> None:
    built = model([step("Sub", "input mean", "ready"), *REST], WEIGHTS, (1, SIZE, SIZE))
    network = load(write(tmp_path, built, card(built, SIZE, 1, 5)))
    assert next(network.stages).operator == "Sub"


@pytest.mark.parametrize("name", LEFT)
def test_all_others_are_steps_of_the_network(name: str, tmp_path: Path) -> None:
    network, found, expected = network_of(LEFT[name], tmp_path)
    assert [stage.operator for stage in network.stages][: len(LEFT[name])] == [each.op_type for each in LEFT[name]]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    assert network.card.preprocessing.mean == (0.5,) * 3
