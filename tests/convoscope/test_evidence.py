from pathlib import Path

import numpy as np
import pytest
from onnx import NodeProto

from convoscope.evidence import linear_head
from convoscope.network import Network, load
from tests.convoscope.zoo import DENSE, OLD, RESIDUAL, STRIDED, Odd
from tests.graphs import card, constant, model, node, noise, prepared, write

MODELS = Path(__file__).parents[2] / "models"
SIZE, CHANNELS, CLASSES = 6, 3, 4
CELLS = SIZE * SIZE
BODY = [node("Conv", "input k b", "conv", pads=[1, 1, 1, 1]), node("Relu", "conv", "maps")]
AVERAGE = [node("GlobalAveragePool", "maps", "average"), node("Flatten", "average", "features")]
MEAN = [node("ReduceMean", "maps axes", "features", keepdims=0)]
FLAT = [node("Flatten", "maps", "features")]
GEMM = [node("Gemm", "features d bias", "logits")]
WEIGHTS = {"k": noise((CHANNELS, 3, 3, 3)), "b": noise((CHANNELS,)), "bias": noise((CLASSES,), 1), "axes": np.array([2, 3])}


def network(folder: Path, tail: list[NodeProto], opset: int = 20, **weights: np.ndarray) -> Network:
    built = model([*BODY, *tail], WEIGHTS | weights, (3, SIZE, SIZE), opset=opset)
    return load(write(folder, built, card(built, SIZE, 3, CLASSES)))


def assert_adds_up(loaded: Network, maps: str) -> None:
    """Cells + bias against ONNX Runtime's logit: within 1e-6 of the sum of the terms' magnitudes."""
    head = linear_head(loaded)
    assert head is not None
    assert head.stage.tensor == maps
    for seed in range(3):
        trace = loaded.trace(prepared(loaded.card.preprocessing, seed))
        terms = head.weights * trace.values(head.stage).astype(np.float64)
        for index, logit in enumerate(trace.prediction.logits):
            evidence = head.evidence(trace, index)
            assert evidence.class_index == index
            assert evidence.values.shape == head.stage.shape[1:]
            assert evidence.values.dtype == np.float64
            magnitude = np.abs(terms[index]).sum() + abs(evidence.bias)
            assert abs(evidence.values.sum() + evidence.bias - logit) <= 1e-6 * magnitude
            assert evidence.logit == pytest.approx(logit, abs=1e-6 * magnitude)


def test_evidence_is_what_one_computes_by_hand(tmp_path: Path) -> None:
    maps = [node("Conv", "input k", "maps")]
    built = model(
        [*maps, *AVERAGE, *GEMM],
        {
            "k": np.array([[[[1.0]]], [[[-1.0]]]], np.float32),  # the second map is the first one's negative
            "d": np.array([[4, 0], [0, 8]], np.float32),
            "bias": np.array([1, -1], np.float32),
        },
        (1, 2, 2),
    )
    plain = {"size": 2, "channels": "grey", "fit": "centre crop", "resample": "nearest", "mean": [0.0], "std": [1.0]}
    loaded = load(write(tmp_path, built, card(built, 2, 1, 2, preprocessing=plain)))
    made = prepared(loaded.card.preprocessing)
    pixels = made.tensor[0, 0].astype(np.float64)
    head = linear_head(loaded)
    assert head is not None
    trace = loaded.trace(made)
    np.testing.assert_allclose(head.evidence(trace, 0).values, pixels * 4 / 4, rtol=1e-6)
    np.testing.assert_allclose(head.evidence(trace, 1).values, -pixels * 8 / 4, rtol=1e-6)
    assert [head.evidence(trace, index).bias for index in (0, 1)] == [1, -1]


@pytest.mark.parametrize("folder", sorted(path.parent for path in MODELS.glob("[!.]*/card.json")), ids=lambda path: path.name)
def test_evidence_adds_up_in_every_shipped_network(folder: Path) -> None:
    loaded = load(folder)
    assert_adds_up(loaded, [stage for stage in loaded.stages if stage.is_maps and stage.shape[1:] != (1, 1)][-1].tensor)


@pytest.mark.parametrize(
    ("odd", "maps"), [(STRIDED, "clip"), (RESIDUAL, "pooled"), (OLD, "twice")], ids=["strided", "residual", "old"]
)
def test_evidence_adds_up_after_averaging_in_odd_networks(odd: Odd, maps: str, tmp_path: Path) -> None:
    assert_adds_up(odd.load(tmp_path), maps)


@pytest.mark.parametrize("axes", [[2, 3], [3, 2], [-1, -2], [2, -1]], ids=str)
@pytest.mark.parametrize("keepdims", [0, 1])
@pytest.mark.parametrize("opset", [13, 20], ids=["attribute", "input"])
def test_evidence_adds_up_after_a_mean(axes: list[int], keepdims: int, opset: int, tmp_path: Path) -> None:
    if opset == 13:
        mean = node("ReduceMean", "maps", "mean", axes=axes, keepdims=keepdims)
    else:
        mean = node("ReduceMean", "maps axes", "mean", keepdims=keepdims)
    tail = [mean, node("Flatten", "mean", "features"), *GEMM]
    loaded = network(tmp_path, tail, opset, d=noise((CHANNELS, CLASSES)), axes=np.array(axes))
    assert_adds_up(loaded, "maps")


@pytest.mark.parametrize(
    ("dense", "shapes"),
    [
        ([node("Gemm", "features d", "logits")], {"d": (CHANNELS, CLASSES)}),
        ([node("Gemm", "features d -", "logits")], {"d": (CHANNELS, CLASSES)}),
        ([node("Gemm", "features d bias", "logits", transB=1)], {"d": (CLASSES, CHANNELS)}),
        ([node("Gemm", "features d bias", "logits", alpha=0.25, beta=-3.0)], {"d": (CHANNELS, CLASSES)}),
        ([node("Gemm", "features d bias", "logits")], {"d": (CHANNELS, CLASSES), "bias": (1, CLASSES)}),
        ([node("Gemm", "features d bias", "logits")], {"d": (CHANNELS, CLASSES), "bias": (1,)}),
        ([node("MatMul", "features d", "logits")], {"d": (CHANNELS, CLASSES)}),
        ([node("MatMul", "features d", "product"), node("Add", "product bias", "logits")], {"d": (CHANNELS, CLASSES)}),
        ([node("MatMul", "features d", "product"), node("Add", "bias product", "logits")], {"d": (CHANNELS, CLASSES)}),
    ],
    ids=[
        "no bias",
        "bias left out",
        "transposed",
        "with factors",
        "bias as a row",
        "one bias for all",
        "MatMul",
        "MatMul + bias",
        "bias + MatMul",
    ],
)
def test_evidence_adds_up_for_every_way_to_write_a_dense_step(
    dense: list[NodeProto], shapes: dict[str, tuple[int, ...]], tmp_path: Path
) -> None:
    weights = {name: noise(shape, seed) for seed, (name, shape) in enumerate(shapes.items())}
    assert_adds_up(network(tmp_path, [*AVERAGE, *dense], **weights), "maps")


@pytest.mark.parametrize(
    ("tail", "maps"),
    [
        ([*FLAT, *GEMM], "maps"),
        ([constant("shape", np.array([-1, CHANNELS * CELLS])), node("Reshape", "maps shape", "features"), *GEMM], "maps"),
        ([node("Identity", "maps", "same"), node("Dropout", "same", "off"), node("Flatten", "off", "features"), *GEMM], "off"),
        ([node("Flatten", "maps", "flat"), node("Dropout", "flat", "features"), *GEMM], "maps"),
    ],
    ids=["flatten", "reshape", "maps passed on", "dropout"],
)
def test_evidence_adds_up_after_flattening(tail: list[NodeProto], maps: str, tmp_path: Path) -> None:
    assert_adds_up(network(tmp_path, tail, d=noise((CHANNELS * CELLS, CLASSES)) / 9), maps)


def test_evidence_adds_up_before_a_softmax(tmp_path: Path) -> None:
    built = model(
        [*BODY, *AVERAGE, *GEMM, node("Softmax", "logits", "probabilities")],
        WEIGHTS | {"d": noise((CHANNELS, CLASSES))},
        (3, SIZE, SIZE),
        "probabilities",
    )
    assert_adds_up(load(write(tmp_path, built, card(built, SIZE, 3, CLASSES))), "maps")


PIXELS = [node("Flatten", "input", "features"), node("Gemm", "features d", "logits")]


@pytest.mark.parametrize(
    ("tail", "weights"),
    [
        (
            [*AVERAGE, node("Gemm", "features d", "h"), node("Relu", "h", "r"), node("Gemm", "r e", "logits")],
            {"d": (CHANNELS, 7), "e": (7, CLASSES)},
        ),
        ([*AVERAGE, node("Relu", "features", "r"), node("Gemm", "r d", "logits")], {"d": (CHANNELS, CLASSES)}),
        ([*AVERAGE, node("Gemm", "features d", "h"), node("Relu", "h", "logits")], {"d": (CHANNELS, CLASSES)}),
        ([*AVERAGE, node("Gemm", "features d", "h"), node("Add", "h bias", "logits")], {"d": (CHANNELS, CLASSES)}),
        ([*AVERAGE, node("Gemm", "features d", "h"), node("Add", "h h", "logits")], {"d": (CHANNELS, CLASSES)}),
        (
            [*AVERAGE, node("Gemm", "features e", "other"), node("Gemm", "features d other", "logits")],
            {"d": (CHANNELS, CLASSES), "e": (CHANNELS, CLASSES)},
        ),
        ([node("ReduceMean", "maps line", "rows", keepdims=0), node("Flatten", "rows", "features"), *GEMM], {"d": (18, CLASSES)}),
        ([*PIXELS], {"d": (3 * CELLS, CLASSES)}),
    ],
    ids=["two dense layers", "ReLU before", "ReLU after", "bias twice", "sum", "bias computed", "mean of rows", "no maps"],
)
def test_without_a_linear_tail_there_is_no_exact_evidence(
    tail: list[NodeProto], weights: dict[str, tuple[int, ...]], tmp_path: Path
) -> None:
    loaded = network(tmp_path, tail, line=np.array([3]), **{name: noise(shape) for name, shape in weights.items()})
    assert linear_head(loaded) is None


def test_an_odd_network_with_two_dense_layers_has_none(tmp_path: Path) -> None:
    assert linear_head(DENSE.load(tmp_path)) is None


def test_evidence_adds_up_where_each_class_has_a_map_of_its_own(tmp_path: Path) -> None:
    tail = [node("Conv", "maps k2", "scores"), node("Relu", "scores", "shown"), node("GlobalAveragePool", "shown", "mean")]
    loaded = network(tmp_path, [*tail, node("Flatten", "mean", "logits")], k2=noise((CLASSES, CHANNELS, 1, 1)))
    assert_adds_up(loaded, "shown")
