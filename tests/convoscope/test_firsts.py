import numpy as np
import pytest

from convoscope.curves import CURVES as CURVE
from convoscope.firsts import first_convolution, first_nonlinearity, first_pooling
from convoscope.network import load
from convoscope.operations import convolve, max_pool, relu
from tests import shipped
from tests.convoscope.zoo import ZOO
from tests.graphs import card, model, node, noise, prepared, write

NONLINEARITIES = {
    "strided": ("Relu", "relu1"),
    "residual": ("Relu", "relu1"),
    "dense": ("Relu", "relu1"),
    "old": ("Clip", "clip"),
    "curved": ("HardSwish", "swish1"),
    "modern": ("Gelu", "gelu1"),
    "responsive": None,
}  # of each odd network the first step that bends; the sigmoid of the last is a gate
POOLS = dict.fromkeys(ZOO) | {"residual": ("AveragePool", "pooled"), "dense": ("MaxPool", "pool1"), "old": ("MaxPool", "pool1")}


def traced(network, seed=0):
    shown = prepared(network.card.preprocessing, seed)
    return shown, network.trace(shown)


@pytest.mark.parametrize("name", shipped.NAMES)
def test_computed_again_they_are_what_the_runtime_computed(name):
    network = shipped.network(name)
    shown, trace = traced(network)
    first, found, pooling = (
        first_convolution(network, shown, trace),
        first_nonlinearity(network, trace),
        first_pooling(network, trace),
    )
    assert first
    assert found
    assert pooling
    assert (first.stage.tensor, found.stage.tensor) == ("conv1", "relu1")
    assert pooling.stage == next(stage for stage in network.stages if stage.operator == "MaxPool")
    size = convolve(np.abs(first.before), np.abs(first.kernels), np.abs(first.bias), first.window)
    assert (np.abs(convolve(first.before, first.kernels, first.bias, first.window) - first.after) <= 1e-6 * size).all()
    assert (relu(found.before) == found.after).all()
    assert (max_pool(pooling.before, pooling.window, pooling.after.shape[1:]) == pooling.after).all()


@pytest.mark.parametrize("name", ZOO)
def test_of_odd_networks_they_are_right_or_missing(name, tmp_path):
    network = ZOO[name].load(tmp_path / name)
    shown, trace = traced(network)
    if first := first_convolution(network, shown, trace):
        np.testing.assert_allclose(convolve(first.before, first.kernels, first.bias, first.window), first.after, atol=1e-4)
    found, pooling = first_nonlinearity(network, trace), first_pooling(network, trace)
    assert (found and (found.operator, found.stage.tensor)) == NONLINEARITIES[name]
    if found and found.operator == "Relu":
        assert (relu(found.before) == found.after).all()
    if found and found.operator == "SiLU":
        np.testing.assert_allclose(found.before / (1 + np.exp(-found.before)), found.after, rtol=1e-5, atol=1e-6)
    assert (pooling and (pooling.operator, pooling.stage.tensor)) == POOLS[name]
    if pooling and pooling.operator == "MaxPool":
        assert (max_pool(pooling.before, pooling.window, pooling.after.shape[1:]) == pooling.after).all()


BENT = {
    "SiLU": [node("Sigmoid", "conv", "share"), node("Mul", "conv share", "bent")],
    "HardSwish": [node("HardSigmoid", "conv", "share", alpha=1 / 6), node("Mul", "share conv", "bent")],
    "Mish": [node("Softplus", "conv", "plus"), node("Tanh", "plus", "share"), node("Mul", "conv share", "bent")],
    "Gelu": [
        node("Div", "conv root", "small"),
        node("Erf", "small", "curve"),
        node("Add", "curve one", "share"),
        node("Mul", "conv share", "double"),
        node("Mul", "double half", "bent"),
    ],
}
CURVES = {
    "SiLU": lambda x: x / (1 + np.exp(-x)),
    "HardSwish": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    "Mish": lambda x: x * np.tanh(np.logaddexp(0, x)),
    "Gelu": lambda x: CURVE["Gelu"](x, 0, 0),
}


@pytest.mark.parametrize("name", BENT)
def test_bends_of_several_steps_are_one(name, tmp_path):
    ends = [node("Mul", "bent gain", "scaled"), node("Add", "scaled conv", "summed"), node("Relu", "summed", "relu")]
    ends += [node("GlobalAveragePool", "relu", "mean"), node("Flatten", "mean", "flat")]
    steps = [node("Conv", "input k", "conv"), *BENT[name], *ends, node("MatMul", "flat d", "logits")]
    numbers = {"root": np.float32(2**0.5), "one": np.float32(1), "half": np.float32(0.5), "gain": noise((4, 1, 1))}
    built = model(steps, {"k": noise((4, 3, 3, 3)), "d": noise((4, 5)), **numbers}, (3, 9, 9))
    network = load(write(tmp_path, built, card(built, 9, 3, 5)))
    _, trace = traced(network)
    found = first_nonlinearity(network, trace)
    assert (found.operator, found.stage.tensor) == (name, "bent")
    assert network.layers[0].activated == network.layers[0].shown_stage(None) == found.stage
    np.testing.assert_allclose(found.after, CURVES[name](found.before.astype(np.float64)), rtol=1e-4, atol=1e-5)
    assert first_nonlinearity(network, trace, frozenset({"Relu"})).stage.tensor == "relu"


def test_a_first_layer_that_does_not_look_at_the_photo_itself_has_no_kernels_to_show(tmp_path):
    network = ZOO["residual"].load(tmp_path / "residual")
    assert first_convolution(network, *traced(network)) is None
