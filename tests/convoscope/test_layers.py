from pathlib import Path

import numpy as np
import pytest
import torch
from onnx import NodeProto
from torch.utils.flop_counter import FlopCounterMode

from convoscope.layers import Stage
from convoscope.network import Network, load
from tests import shipped
from tests.convoscope.zoo import OLD, RESIDUAL, SIZE, STRIDED, ZOO, Odd
from tests.graphs import card, model, node, noise, prepared, write


def stages(network: Network) -> dict[str, Stage]:
    return {stage.tensor: stage for stage in network.stages}


@pytest.mark.parametrize("name", ZOO)
def test_a_layer_begins_at_each_step_with_weights(name: str, tmp_path: Path) -> None:
    odd = ZOO[name]
    network = odd.load(tmp_path)
    assert {layer.name: [stage.tensor for stage in layer.stages] for layer in network.layers} == odd.layers
    assert [layer.number for layer in network.layers] == list(range(1, len(odd.layers) + 1))
    assert [layer.title for layer in network.layers] == [f"Layer {name}" for name in odd.layers]


@pytest.mark.parametrize("name", ZOO)
def test_parameters_are_counted_as_by_hand(name: str, tmp_path: Path) -> None:
    network = ZOO[name].load(tmp_path)
    assert network.parameters == ZOO[name].parameters
    assert network.parameters == sum(layer.parameters for layer in network.layers)


@pytest.mark.parametrize("name", ZOO)
def test_multiply_adds_are_counted_as_by_pytorch(name: str, tmp_path: Path) -> None:
    network = ZOO[name].load(tmp_path)
    counter = FlopCounterMode(display=False)
    with counter:
        ZOO[name].expected(prepared(network.card.preprocessing).tensor)
    assert network.multiply_adds == counter.get_total_flops() // 2


def test_costs_of_each_stage_are_what_one_counts_by_hand(tmp_path: Path) -> None:
    found = {name: (stage.parameters, stage.multiply_adds) for name, stage in stages(STRIDED.load(tmp_path)).items()}
    assert found == {
        "conv1": (4 * 3 * 5 * 5 + 4, 4 * 4 * 8 * 3 * 25),  # 4 maps of 4 × 8, each cell from 3 windows of 25
        "relu1": (0, 0),
        "conv2": (6 * 4 * 9, 6 * 4 * 8 * 4 * 9),
        "leaky": (0, 0),
        "conv3": (9 * 2 * 9 + 9, 9 * 4 * 8 * 2 * 9),  # 3 groups: each cell sees 2 of 6 maps
        "clip": (0, 0),
        "average": (0, 0),
        "features": (0, 0),
        "logits": (9 * 5 + 5, 9 * 5),
    }


def test_what_slides_is_told_with_its_settings(tmp_path: Path) -> None:
    windows = {name: stage.window for name, stage in stages(STRIDED.load(tmp_path)).items()}
    assert {name: window for name, window in windows.items() if window} == {
        "conv1": "5 × 5, stride 2 × 1, padding left 2, bottom 3, right 1",
        "conv2": "3 × 3, dilation 2, padding 2",
        "conv3": "3 × 3, padding 1, 3 groups",
    }
    assert stages(RESIDUAL.load(tmp_path))["pooled"].window == "3 × 3, stride 2, padding 1"


@pytest.mark.parametrize(
    ("settings", "window"),
    [
        ({"auto_pad": "SAME_UPPER", "strides": [2, 2]}, "3 × 3, stride 2, padding to the same size"),
        ({"pads": [1, 0, 1, 0], "dilations": [1, 2]}, "3 × 3, dilation 1 × 2, padding 1 × 0"),
        ({"group": 3}, "3 × 3, depthwise"),
    ],
)
def test_a_convolution_of_many_settings(settings: dict, window: str, tmp_path: Path) -> None:
    weights = {"k": noise((3, 3 // settings.get("group", 1), 3, 3)), "d": noise((5, 3))}
    nodes = [
        node("Conv", "input k", "conv", **settings),
        node("GlobalAveragePool", "conv", "mean"),
        node("Flatten", "mean", "flat"),
        node("Gemm", "flat d", "logits", transB=1),
    ]
    built = model(nodes, weights, (3, SIZE, SIZE), "logits")
    assert load(write(tmp_path, built, card(built, SIZE, 3, 5))).layers[0].weighted.window == window


def test_a_layer_knows_where_its_weights_lay(tmp_path: Path) -> None:
    names = {"stages.0.conv_dw.weight": "stages.0.conv_dw", "block1/conv/kernel": "block1/conv", "onnx::Conv_12": ""}
    nodes, given = [], "input"
    for name in names:
        nodes.append(node("Conv", f"{given} {name}", f"of {name}".replace(" ", "/")))
        given = nodes[-1].output[0]
    nodes += [
        node("GlobalAveragePool", given, "mean"),
        node("Flatten", "mean", "flat"),
        node("Gemm", "flat d", "logits", transB=1),
    ]
    built = model(nodes, {**dict.fromkeys(names, noise((3, 3, 1, 1))), "d": noise((5, 3))}, (3, SIZE, SIZE), "logits")
    assert [layer.module for layer in load(write(tmp_path, built, card(built, SIZE, 3, 5))).layers[:3]] == list(names.values())


def test_steps_of_one_kind_are_numbered(tmp_path: Path) -> None:
    nodes = [
        node("Conv", "input k", "conv"),
        node("Relu", "conv", "relu"),
        node("Add", "relu relu", "twice"),
        node("Add", "twice relu", "thrice"),
        node("GlobalAveragePool", "thrice", "mean"),
        node("Flatten", "mean", "flat"),
        node("Gemm", "flat d", "logits", transB=1),
    ]
    built = model(nodes, {"k": noise((3, 3, 1, 1)), "d": noise((5, 3))}, (3, SIZE, SIZE), "logits")
    titles = load(write(tmp_path, built, card(built, SIZE, 3, 5))).layers[0].step_titles
    assert titles == {
        "conv": "convolution",
        "relu": "ReLU",
        "twice": "sum 1",
        "thrice": "sum 2",
        "mean": "global average pooling",
        "flat": "flatten",
    }


def test_shapes_leave_the_batch_out(tmp_path: Path) -> None:
    found = {name: stage.shape for name, stage in stages(RESIDUAL.load(tmp_path)).items()}
    maps, both = (4, 9, 9), (6, 9, 9)
    assert found == {
        **dict.fromkeys(("shifted", "scaled"), (3, 9, 9)),
        **dict.fromkeys(("conv1", "norm1", "relu1", "conv2", "relu2", "joined"), maps),
        "side": (2, 9, 9),
        "both": both,
        "pooled": (6, 5, 5),
        "mean": (6,),
        **dict.fromkeys(("product", "logits", "probabilities"), (5,)),
    }


@pytest.mark.parametrize("name", ZOO)
def test_unsigned_stages_have_no_negative_value(name: str, tmp_path: Path) -> None:
    network = ZOO[name].load(tmp_path)
    for seed in range(5):
        for activation in network.trace(prepared(network.card.preprocessing, seed)).activations:
            assert activation.stage.signed or activation.values.min() >= 0, activation.stage.tensor


@pytest.mark.parametrize(
    ("odd", "unsigned"),
    [
        (STRIDED, {"relu1", "clip", "average", "features"}),
        (RESIDUAL, {"relu1", "relu2", "joined", "probabilities"}),
        (OLD, set()),
    ],
    ids=["strided", "residual", "old"],
)
def test_what_relu_leaves_positive_stays_unsigned(odd: Odd, unsigned: set[str], tmp_path: Path) -> None:
    assert {name for name, stage in stages(odd.load(tmp_path)).items() if not stage.signed} == unsigned


@pytest.mark.parametrize(
    ("steps", "signed"),
    [
        ([node("Add", "relu one", "last")], False),
        ([node("Add", "relu minus", "last")], True),
        ([node("Mul", "relu one", "last")], False),
        ([node("Mul", "minus relu", "last")], True),
        ([node("Mul", "conv conv", "last")], False),
        ([node("Concat", "relu relu", "last", axis=1)], False),
        ([node("Concat", "relu conv", "last", axis=1)], True),
        ([node("Sub", "relu one", "last")], True),
        ([node("LeakyRelu", "conv", "last")], True),
        ([node("Clip", "conv one", "last")], False),
        ([node("Clip", "conv minus", "last")], True),
        ([node("Clip", "conv - one", "last")], True),
        ([node("Clip", "conv", "last")], True),
        ([node("Identity", "relu", "same"), node("Dropout", "same", "last")], False),
    ],
    ids=lambda value: " ".join([value[-1].op_type, *value[-1].input]) if isinstance(value, list) else "",
)
def test_signs_of_sums_products_joins_and_bounds(steps: list[NodeProto], signed: bool, tmp_path: Path) -> None:
    built = model(
        [
            node("Conv", "input k", "conv"),
            node("Relu", "conv", "relu"),
            *steps,
            node("GlobalAveragePool", "last", "average"),
            node("Flatten", "average", "features"),
            node("Gemm", "features d", "logits"),
        ],
        {
            "k": noise((4, 3, 3, 3)),
            "one": np.array(1, np.float32),
            "minus": np.array(-1, np.float32),
            "d": noise((8 if steps[-1].op_type == "Concat" else 4, 5)),
        },
        (3, SIZE, SIZE),
    )
    found = stages(load(write(tmp_path, built, card(built, SIZE, 3, 5))))
    assert found["last"].signed is signed
    assert found["features"].signed is signed
    assert found["logits"].signed


def test_stages_have_titles_and_know_whether_they_are_maps() -> None:
    network = shipped.network("shapes")
    first, dense = network.layers[0], network.layers[-1]
    assert [stage.title for stage in first.stages] == ["convolution", "ReLU", "max pooling"]
    assert first.map_stages == first.stages
    assert first.shape == (8, 16, 16)
    assert [stage.title for stage in dense.stages] == ["dense"]
    assert (dense.map_stages, dense.shape) == ((), (7,))


def test_steps_have_titles(tmp_path: Path) -> None:
    found = stages(RESIDUAL.load(tmp_path))
    assert [found[name].title for name in ("norm1", "joined", "both", "mean")] == [
        "batch normalisation",
        "sum",
        "join",
        "mean",
    ]


def test_a_dense_step_on_maps_counts_every_cell(tmp_path: Path) -> None:
    """MatMul works on the last axis and repeats over the others."""
    built = model(
        [
            node("MatMul", "input w", "rows"),
            node("Flatten", "rows", "flat"),
            node("Gemm", "flat d", "logits"),
        ],
        {"w": noise((SIZE, 2)), "d": noise((3 * SIZE * 2, 5))},
        (3, SIZE, SIZE),
    )
    network = load(write(tmp_path, built, card(built, SIZE, 3, 5)))
    counter = FlopCounterMode(display=False)
    with counter:
        torch.zeros(3 * SIZE, SIZE) @ torch.zeros(SIZE, 2)
    assert stages(network)["rows"].multiply_adds == counter.get_total_flops() // 2 == 3 * SIZE * SIZE * 2
