"""Contributions against PyTorch, which computes each input channel's part of a convolution by itself."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from convoscope.contributions import MOST_ROWS, Contributions, Flow
from convoscope.evidence import linear_head
from convoscope.graph.reading import computing_nodes
from convoscope.kernels import kernels
from convoscope.network import Network, load
from tests import shipped
from tests.convoscope.zoo import SIZE, ZOO
from tests.graphs import card, model, node, noise, prepared, write

CONVOLUTIONS = {  # of the zoo: input, weights, and how PyTorch pads (left, right, top, bottom) and strides
    ("strided", "conv1"): ("input", "k1", (2, 1, 0, 3), {"stride": (2, 1)}),
    ("strided", "conv2"): ("relu1", "k2", (2, 2, 2, 2), {"dilation": 2}),
    ("residual", "conv2"): ("relu1", "k2", (1, 1, 1, 1), {}),
    ("residual", "side"): ("joined", "k3", (0, 0, 0, 0), {}),
    ("dense", "conv1"): ("input", "k1", (0, 0, 0, 0), {}),
    ("old", "conv1"): ("input", "k1", (1, 1, 1, 1), {}),
}


def values_of(network: Network) -> dict[str, np.ndarray]:
    given = prepared(network.card.preprocessing)
    trace = network.trace(given)
    return {"input": given.tensor[0]} | {each.stage.tensor: each.values for each in trace.activations}


def flow_into(network: Network, tensor: str, end: str, channels: list[int]) -> Flow:
    flows = Contributions.of(network, values_of(network), frozenset([end])).into(tensor, channels)
    assert list(flows) == [end]
    return flows[end]


def by_torch(entering, weights, pads, every=1, **options) -> tuple[np.ndarray, np.ndarray]:
    """Weights and nets of a convolution without groups, of every so many positions: one run for each input channel."""
    x, w = torch.from_numpy(entering.copy())[None].double(), torch.from_numpy(weights.copy()).double()
    alone = [(functional.pad(x[:, i : i + 1], pads), w[:, i : i + 1]) for i in range(x.shape[1])]
    parts = torch.stack([functional.conv2d(channel, kernel, **options) for channel, kernel in alone])[..., ::every, ::every]
    sizes, nets = parts.abs().sum((1, 3, 4)).T, parts.sum((1, 3, 4)).T
    total = sizes.sum(1, keepdim=True)
    return (sizes / total).numpy(), (nets / total).numpy()


@pytest.mark.parametrize(("name", "tensor"), CONVOLUTIONS)
def test_a_convolutions_contributions_are_pytorchs(tmp_path, name, tensor):
    odd = ZOO[name]
    network = odd.load(tmp_path)
    entering, weight, pads, options = CONVOLUTIONS[name, tensor]
    weights, nets = by_torch(values_of(network)[entering], (odd.weights | odd.fixed)[weight], pads, **options)
    flow = flow_into(network, tensor, entering, list(range(len(weights))))
    np.testing.assert_allclose(flow.weights, weights, atol=1e-6)
    np.testing.assert_allclose(flow.nets, nets, atol=1e-6)


def test_in_groups_only_ones_own_group_contributes(tmp_path):
    odd = ZOO["strided"]
    network = odd.load(tmp_path)
    flow = flow_into(network, "conv3", "leaky", list(range(9)))
    entering = values_of(network)["leaky"]
    for group in range(3):
        outputs, inputs = slice(3 * group, 3 * group + 3), slice(2 * group, 2 * group + 2)
        weights, nets = by_torch(entering[inputs], odd.weights["k3"][outputs], (1, 1, 1, 1))
        np.testing.assert_allclose(flow.weights[outputs, inputs], weights, atol=1e-6)
        np.testing.assert_allclose(flow.nets[outputs, inputs], nets, atol=1e-6)
    np.testing.assert_allclose(flow.weights.sum(1), 1)


@pytest.mark.parametrize("name", ["photo", "shapes"])
def test_every_convolution_of_the_shipped_networks_agrees_with_pytorch_on_some_channels(name):
    network = shipped.network(name)
    values = values_of(network)
    layers = {layer.name: layer for layer in network.layers}
    steps = [step for step in computing_nodes(network.model.graph) if step.op_type == "Conv"]
    assert len(steps) == len(layers) - 1
    for step in steps:
        own = kernels(network, layers[step.output[0]])
        assert own is not None
        channels = [0, 3, len(own) - 1]
        weights, nets = by_torch(values[step.input[0]], own[channels], (1, 1, 1, 1))
        flow = flow_into(network, step.output[0], step.input[0], channels)
        np.testing.assert_allclose(flow.weights, weights, atol=1e-5)
        np.testing.assert_allclose(flow.nets, nets, atol=1e-5)


@pytest.mark.parametrize("name", ["photo", "shapes"])
def test_what_maps_contribute_to_a_class_is_what_its_evidence_says(name):
    network = shipped.network(name)
    head = linear_head(network)
    assert head
    maps = values_of(network)[head.stage.tensor]
    flow = flow_into(network, network.logits_name, head.stage.tensor, [2, 0])
    for row, index in enumerate((2, 0)):
        parts = head.weights[index] * maps
        np.testing.assert_allclose(flow.weights[row], np.abs(parts).sum((1, 2)) / np.abs(parts).sum(), atol=1e-6)
        np.testing.assert_allclose(flow.nets[row], parts.sum((1, 2)) / np.abs(parts).sum(), atol=1e-6)


def test_a_sum_is_shared_by_mean_magnitude_and_a_join_keeps_its_parts_apart(tmp_path):
    network = ZOO["residual"].load(tmp_path)
    values = values_of(network)
    flows = Contributions.of(network, values, frozenset(["relu1", "relu2", "side"]))
    joined = flows.into("joined", [1])
    one, other = (float(np.abs(values[name][1]).mean()) for name in ("relu1", "relu2"))
    assert joined["relu1"].weights[0].tolist() == pytest.approx([0, one / (one + other), 0, 0])
    assert joined["relu2"].weights[0].tolist() == pytest.approx([0, other / (one + other), 0, 0])
    both = flows.into("both", [1, 5])
    assert both["side"].weights.tolist() == [[0, 0], [0, 1]]
    assert both["relu1"].weights[0, 1] == pytest.approx(one / (one + other))
    assert both["relu2"].weights[1].tolist() == [0, 0, 0, 0]


def test_what_comes_by_two_ways_is_added(tmp_path):
    network = ZOO["residual"].load(tmp_path)
    values = values_of(network)
    straight, around = (float(np.abs(values[name][1]).mean()) for name in ("relu1", "relu2"))
    expected = around / (straight + around) * flow_into(network, "conv2", "relu1", [1]).weights[0]
    expected[1] += straight / (straight + around)
    np.testing.assert_allclose(flow_into(network, "joined", "relu1", [1]).weights[0], expected)


def test_a_dense_step_with_factors_and_without_transposition(tmp_path):
    odd = ZOO["dense"]
    network = odd.load(tmp_path)
    parts = odd.fixed["d1"].T * values_of(network)["flat"]
    by_channel = np.abs(parts).reshape(7, 2, 16).sum(2)
    flow = flow_into(network, "hidden", "pool1", list(range(7)))
    np.testing.assert_allclose(flow.weights, by_channel / by_channel.sum(1, keepdims=True), atol=1e-6)


def test_where_nothing_comes_in_nothing_is_contributed(tmp_path):
    network = ZOO["dense"].load(tmp_path)
    silent = {name: np.zeros_like(values) for name, values in values_of(network).items()}
    flow = Contributions.of(network, silent, frozenset(["input"])).into("conv1", [0])["input"]
    assert flow.weights.tolist() == [[0]]


def by_hand(folder: Path, nodes: list, weights: dict, channels: int = 1, size: int = SIZE) -> Network:
    built = model(nodes, weights, (channels, size, size))
    return load(write(folder, built, card(built, size, channels, 2)))


TAIL = [
    node("GlobalAveragePool", "last", "average"),
    node("Flatten", "average", "flat"),
    node("Gemm", "flat d", "logits", transB=1),
]


@pytest.mark.parametrize(
    ("automatic", "pads"), [("SAME_UPPER", (1, 2, 1, 2)), ("SAME_LOWER", (2, 1, 2, 1)), ("VALID", (0, 0, 0, 0))]
)
def test_automatic_padding(tmp_path, automatic, pads):
    weight = noise((2, 3, 4, 4))
    step = node("Conv", "input k", "last", auto_pad=automatic, kernel_shape=[4, 4])
    network = by_hand(tmp_path, [step, *TAIL], {"k": weight, "d": noise((2, 2))}, channels=3)
    values = values_of(network)
    weights, _ = by_torch(values["input"], weight, pads)
    np.testing.assert_allclose(flow_into(network, "last", "input", [0, 1]).weights, weights, atol=1e-6)


def test_of_large_maps_evenly_spread_positions_are_counted(tmp_path):
    weights = {"k": noise((2, 3, 3, 3)), "d": noise((2, 2))}
    step = node("Conv", "input k", "last", pads=[1, 1, 1, 1])
    network = by_hand(tmp_path, [step, *TAIL], weights, channels=3, size=2 * MOST_ROWS + 1)
    sampled, _ = by_torch(values_of(network)["input"], weights["k"], (1, 1, 1, 1), every=3)
    np.testing.assert_allclose(flow_into(network, "last", "input", [0, 1]).weights, sampled, atol=1e-6)


def test_what_a_step_takes_away_or_turns_holds_back(tmp_path):
    nodes = [
        node("Conv", "input k", "first"),
        node("Relu", "first", "one"),
        node("Conv", "input k", "second"),
        node("Mul", "second minus", "two"),
        node("Sub", "one two", "last"),
        *TAIL,
    ]
    weights = {"k": noise((2, 1, 3, 3)), "minus": np.float32(-1).reshape(1), "d": noise((2, 2))}
    network = by_hand(tmp_path, nodes, weights)
    flows = Contributions.of(network, values_of(network), frozenset(["one", "two", "second"]))
    parts = flows.into("last", [0])
    assert parts["one"].nets[0, 0] == parts["one"].weights[0, 0] > 0
    assert parts["two"].nets[0, 0] == -parts["two"].weights[0, 0] < 0
    assert flows.into("two", [1])["second"].nets.tolist() == [[0, -1]]


def test_one_map_for_all_channels_and_steps_that_mix_them_without_weights(tmp_path):
    nodes = [
        node("Conv", "input k", "wide"),
        node("Conv", "input narrow", "gate"),
        node("Mul", "wide gate", "product"),
        node("Softmax", "product", "last", axis=1),
        *TAIL,
    ]
    weights = {"k": noise((2, 1, 3, 3)), "narrow": noise((1, 1, 3, 3)), "d": noise((2, 2))}
    network = by_hand(tmp_path, nodes, weights)
    values = values_of(network)
    flows = Contributions.of(network, values, frozenset(["wide", "gate"]))
    parts = flows.into("product", [1])
    size, gate = float(np.abs(values["wide"][1]).mean()), float(np.abs(values["gate"]).mean())
    assert parts["gate"].weights.tolist() == [[pytest.approx(gate / (size + gate))]]
    assert flows.into("last", [0]) == {}
