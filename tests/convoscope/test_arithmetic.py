from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import ModelProto

from convoscope.arithmetic import Choice, Passage, Pointwise, Sum, shares
from convoscope.graph.reading import GraphError
from convoscope.layers import Stage
from convoscope.network import Network, load
from convoscope.recipe import Workings
from tests import shipped
from tests.convoscope.zoo import ZOO
from tests.examples import examples
from tests.graphs import card, model, node, noise, prepared, write

MODELS = Path(__file__).parents[2] / "models"
TOLERANCE = 1e-6  # of all that is added up; the page has the same
SIZE = 9
TINY = {"size": 2, "channels": "grey", "fit": "centre crop", "resample": "nearest", "mean": [0.0], "std": [1.0]}


def workings(network: Network, seed: int = 0) -> Workings:
    made = prepared(network.card.preprocessing, seed)
    return Workings(network, made, network.trace(made))


def stage_of(network: Network, tensor: str) -> Stage:
    return next(stage for stage in network.stages if stage.tensor == tensor)


def at(found: Workings, tensor: str, channel: int, y: int = 0, x: int = 0) -> Sum | Choice | Passage:
    return found.recipe(stage_of(found.network, tensor), channel).at(y, x)


def agrees(number: Sum | Choice | Passage) -> bool:
    return abs(number.value - number.runtime) <= TOLERANCE * number.magnitude


def assert_agrees(network: Network, cells: int, seeds: int = 1) -> None:
    """Random cells of every stage against ONNX Runtime."""
    rng = np.random.default_rng(0)
    for seed in range(seeds):
        found = workings(network, seed)
        for stage in network.stages:
            values = found.maps(stage.tensor)
            for channel, y, x in rng.integers(0, values.shape, (cells, 3)):
                number = at(found, stage.tensor, int(channel), int(y), int(x))
                assert number.runtime == values[channel, y, x]
                assert agrees(number), (stage.tensor, channel, y, x, number.value, number.runtime)


@pytest.mark.parametrize("folder", sorted(path.parent for path in MODELS.glob("[!.]*/card.json")), ids=lambda path: path.name)
def test_every_stage_of_every_shipped_network_adds_up(folder: Path) -> None:
    assert_agrees(load(folder), cells=30)


@pytest.mark.parametrize("name", ZOO)
def test_every_stage_of_odd_networks_adds_up(name: str, tmp_path: Path) -> None:
    assert_agrees(ZOO[name].load(tmp_path), cells=60, seeds=3)


def test_what_is_taken_from_itself_leaves_nothing(tmp_path: Path) -> None:
    found = one_step(tmp_path, node("Sub", "input input", "made"), {}, head=4)
    assert at(found, "made", 0, 1, 1).value == 0


@st.composite
def convolutions(draw: st.DrawFn) -> ModelProto:
    """One convolution of any kind, a pooling of any kind, and a dense end."""
    kernel = [draw(st.integers(1, 4)) for _ in range(2)]
    group = draw(st.sampled_from([1, 3]))
    dilation = [draw(st.integers(1, 2)) for _ in range(2)]
    options: dict[str, object] = {"strides": [draw(st.integers(1, 3)) for _ in range(2)], "group": group}
    if draw(st.booleans()):
        options |= {"pads": [draw(st.integers(0, 3)) for _ in range(4)], "dilations": dilation}
    else:
        options |= {"auto_pad": draw(st.sampled_from(["SAME_UPPER", "SAME_LOWER", "VALID"]))}
    window = draw(st.integers(1, 2))
    pads = [draw(st.integers(0, window - 1)) for _ in range(4)]
    pooling: dict[str, object] = {"kernel_shape": [window] * 2, "strides": [draw(st.integers(1, 2))] * 2, "pads": pads}
    kind = draw(st.sampled_from(["MaxPool", "AveragePool"]))
    if kind == "AveragePool":
        pooling |= {"count_include_pad": draw(st.integers(0, 1))}
    bias = draw(st.booleans())
    weights = {"k": noise((6, 3 // group, *kernel), draw(st.integers(0, 99))), "b": noise((6,)), "d": noise((6, 4))}
    steps = [
        node("Conv", "input k b" if bias else "input k", "conv", **options),
        node(draw(st.sampled_from(["Relu", "LeakyRelu", "Identity"])), "conv", "bent"),
        node(kind, "bent", "pooled", **pooling),
        node("GlobalAveragePool", "pooled", "average"),
        node("Flatten", "average", "features"),
        node("Gemm", "features d", "logits"),
    ]
    return model(steps, weights, (3, SIZE, SIZE))


@examples(80)
@given(convolutions())
def test_random_networks_add_up(built: ModelProto) -> None:
    with TemporaryDirectory() as folder:
        assert_agrees(load(write(Path(folder), built, card(built, SIZE, 3, 4))), cells=15)


def one_step(folder: Path, step: onnx.NodeProto, weights: dict[str, NDArray[np.float32]], head: int) -> Workings:
    """A network of the one step on a grey 2 × 2 picture, and a dense end of `head` inputs."""
    built = model([step, *_end()], {**weights, "d": noise((head, 2))}, (1, 2, 2))
    return workings(load(write(folder, built, card(built, 2, 1, 2, preprocessing=TINY))))


def test_a_convolution_is_what_one_computes_by_hand(tmp_path: Path) -> None:
    kernel = np.arange(9, dtype=np.float32).reshape(1, 1, 3, 3)
    step = node("Conv", "input k b", "made", pads=[1, 1, 1, 1])
    found = one_step(tmp_path, step, {"k": kernel, "b": np.array([0.5], np.float32)}, head=4)
    a, b, c, d = found.tensors["input"].astype(np.float64).ravel()
    number = at(found, "made", 0, 0, 1)
    assert isinstance(number, Sum)
    (term,) = number.terms
    assert term.inside.tolist() == [[False] * 3, [True, True, False], [True, True, False]]
    assert term.values.tolist() == [[0, 0, 0], [a, b, 0], [c, d, 0]]
    assert (term.rows.tolist(), term.columns.tolist()) == ([-1, 0, 1], [0, 1, 2])
    assert term.subtotal == pytest.approx(3 * a + 4 * b + 6 * c + 7 * d)
    assert (number.bias, number.divisor) == (0.5, 1)
    assert number.value == term.subtotal + 0.5


def test_max_pooling_names_the_first_of_the_largest(tmp_path: Path) -> None:
    built = model(
        [node("Conv", "input k", "conv"), node("MaxPool", "conv", "made", kernel_shape=[2, 2], pads=[1, 1, 1, 1]), *_end()],
        {"k": np.full((1, 1, 1, 1), -1, np.float32), "d": noise((9, 2))},
        (1, 2, 2),
    )
    found = workings(load(write(tmp_path, built, card(built, 2, 1, 2, preprocessing=TINY))))
    corner, middle = at(found, "made", 0, 0, 0), at(found, "made", 0, 1, 1)
    assert isinstance(corner, Choice)
    assert isinstance(middle, Choice)
    assert corner.winner == (0, 0)  # all else is padding, whose 0 would be larger
    values = found.tensors["conv"][0]
    assert middle.winner == tuple(np.unravel_index(values.argmax(), (2, 2)))
    assert middle.value == values.max()


def _end() -> list[onnx.NodeProto]:
    return [node("Flatten", "made", "flat"), node("Gemm", "flat d", "logits")]


def test_a_grouped_convolution_reads_only_its_group(tmp_path: Path) -> None:
    number = at(workings(ZOO["strided"].load(tmp_path)), "conv3", 7)
    assert isinstance(number, Sum)
    assert [term.source.channel for term in number.terms] == [4, 5]


def test_a_logit_after_flattening_is_summed_by_channel() -> None:
    found = workings(shipped.network("shapes"))
    number = at(found, "logits", 2)
    assert isinstance(number, Sum)
    assert [term.source.tensor for term in number.terms] == ["pool3"] * 8
    assert {term.values.shape for term in number.terms} == {(4, 4)}
    assert found.pictures(found.recipe(stage_of(found.network, "logits"), 2)) is None


def test_a_logit_after_averaging_is_summed_by_channel_and_shows_what_was_averaged() -> None:
    found = workings(shipped.network("photo"))
    recipe = found.recipe(stage_of(found.network, "logits"), 2)
    number = recipe.at(0, 0)
    assert isinstance(number, Sum)
    assert len(number.terms) == shipped.counts("photo")[-1]
    pictures = found.pictures(recipe)
    assert pictures is not None
    means = pictures.mean((1, 2))
    np.testing.assert_allclose(means, [term.values[0, 0] for term in number.terms], rtol=1e-5)


def test_there_are_no_pictures_where_nothing_was_averaged(tmp_path: Path) -> None:
    found = workings(ZOO["dense"].load(tmp_path))
    for tensor in ("conv1", "relu1", "logits"):
        assert found.pictures(found.recipe(stage_of(found.network, tensor), 0)) is None


def test_a_dense_step_on_the_picture_itself_is_summed_by_colour(tmp_path: Path) -> None:
    built = model(
        [node("Flatten", "input", "flat"), node("Gemm", "flat d", "logits")], {"d": noise((3 * SIZE * SIZE, 5))}, (3, SIZE, SIZE)
    )
    network = load(write(tmp_path, built, card(built, SIZE, 3, 5)))
    assert_agrees(network, cells=10)
    number = at(workings(network), "logits", 1)
    assert isinstance(number, Sum)
    assert [(term.source.tensor, term.source.channel) for term in number.terms] == [("input", 0), ("input", 1), ("input", 2)]


def test_a_flattened_number_names_its_cell() -> None:
    found = workings(shipped.network("shapes"))
    number = at(found, "features", 3 * 16 + 2 * 4 + 1)
    assert isinstance(number, Passage)
    assert (number.source.tensor, number.source.channel, number.cell) == ("pool3", 3, (2, 1))


def test_joined_maps_come_from_where_they_were(tmp_path: Path) -> None:
    found = workings(ZOO["residual"].load(tmp_path))
    first, last = at(found, "both", 3), at(found, "both", 5)
    assert isinstance(first, Passage)
    assert isinstance(last, Passage)
    assert (first.source.tensor, first.source.channel) == ("joined", 3)
    assert (last.source.tensor, last.source.channel) == ("side", 1)


def test_a_mean_over_channels_is_one_also_where_there_are_as_many_channels_as_cells(tmp_path: Path) -> None:
    steps = [
        node("Conv", "input kernels", "conv"),
        node("ReduceMean", "conv", "mean", axes=[1], keepdims=1),
        node("Flatten", "mean", "logits"),
    ]
    built = model(steps, {"kernels": noise((4, 1, 1, 1))}, (1, 2, 2), opset=17)
    network = load(write(tmp_path, built, card(built, 2, 1, 4, preprocessing=TINY)))
    number = at(workings(network), "mean", 0, 1, 0)
    assert isinstance(number, Sum)
    assert len(number.terms) == 4
    assert agrees(number)


def test_a_residual_sum_has_a_term_for_each_branch(tmp_path: Path) -> None:
    number = at(workings(ZOO["residual"].load(tmp_path)), "joined", 1, 4, 4)
    assert isinstance(number, Sum)
    assert [term.source.tensor for term in number.terms] == ["relu2", "relu1"]


@pytest.mark.parametrize(
    ("step", "weights"),
    [
        (node("Sub", "one conv", "made"), {"one": np.array(1, np.float32)}),
        (node("Sub", "conv relu", "made"), {}),
        (node("Mul", "relu conv", "made"), {}),
        (node("Mul", "gain conv", "made"), {"gain": noise((4, 1, 1))}),
        (node("Add", "conv full", "made"), {"full": noise((4, SIZE, SIZE))}),
        (node("Mul", "conv gate", "made"), {}),
        (node("Concat", "conv relu", "made", axis=1), {}),
        (node("Div", "conv gain", "made"), {"gain": noise((4, 1, 1))}),
    ],
    ids=lambda value: " ".join([value.op_type, *value.input]) if isinstance(value, onnx.NodeProto) else "",
)
def test_sums_and_products_of_any_operands_add_up(
    step: onnx.NodeProto, weights: dict[str, NDArray[np.float32]], tmp_path: Path
) -> None:
    built = model(
        [
            node("Conv", "input k", "conv", pads=[1, 1, 1, 1]),
            node("Relu", "conv", "relu"),
            node("GlobalAveragePool", "conv", "gate"),
            step,
            node("GlobalAveragePool", "made", "average"),
            node("Flatten", "average", "features"),
            node("Gemm", "features d", "logits"),
        ],
        {"k": noise((4, 3, 3, 3)), "d": noise((8 if step.op_type == "Concat" else 4, 5)), **weights},
        (3, SIZE, SIZE),
    )
    assert_agrees(load(write(tmp_path, built, card(built, SIZE, 3, 5))), cells=20)


@pytest.mark.parametrize(("name", "tensor"), [("residual", "norm1"), ("modern", "normal"), ("modern", "features")])
def test_a_normalisation_says_what_its_factors_are_made_of(name: str, tensor: str, tmp_path: Path) -> None:
    found = workings(ZOO[name].load(tmp_path))
    stage = next(each for each in found.network.stages if each.tensor == tensor)
    given = found.maps({"norm1": "conv1", "normal": "conv1", "features": "flat"}[tensor]).astype(np.float64)
    epsilon = 1e-5 if tensor == "features" else 1e-3
    for channel in range(stage.shape[0]):
        told, recipe = found.normalisation(stage, channel), found.recipe(stage, channel)
        assert told
        assert isinstance(recipe, Pointwise)
        mean = given.mean(0) if told.mean is None else told.mean
        deviation = np.sqrt(given.var(0) + epsilon) if told.deviation is None else told.deviation
        np.testing.assert_allclose(recipe.factors[0], np.broadcast_to(told.gain / deviation, recipe.values.shape))
        np.testing.assert_allclose(recipe.offset, np.broadcast_to(told.shift - mean * recipe.factors[0], recipe.values.shape))
    assert (told.mean is None) == (told.deviation is None) == (name == "modern")


def test_a_product_says_what_it_is_multiplied_with(tmp_path: Path) -> None:
    found = workings(ZOO["curved"].load(tmp_path))
    by = {stage.tensor: found.multiplier(stage) for stage in found.network.stages}
    assert (by["excited"], by["silu2"], by["scaled"], by["conv2"]) == ("gate", "share", None, None)


def test_what_has_no_picture_is_named(tmp_path: Path) -> None:
    built = model(
        [node("MatMul", "input w", "rows"), node("Flatten", "rows", "flat"), node("Gemm", "flat d", "logits")],
        {"w": noise((SIZE, 2)), "d": noise((3 * SIZE * 2, 5))},
        (3, SIZE, SIZE),
    )
    found = workings(load(write(tmp_path, built, card(built, SIZE, 3, 5))))
    with pytest.raises(GraphError, match="rows: dense"):
        at(found, "rows", 0)


def test_shares_are_the_probabilities_that_the_app_shows() -> None:
    network = shipped.network("photo")
    found = workings(network)
    assert network.card.calibration
    prediction = found.trace.prediction
    softmax = shares(prediction.logits, network.card.calibration.temperature)
    np.testing.assert_allclose(softmax.shares, prediction.probabilities, rtol=1e-12)
    assert softmax.powers.max() == 1
    assert softmax.total == softmax.powers.sum()


def test_a_wrong_number_does_not_agree() -> None:
    number = at(workings(shipped.network("photo")), "conv1", 0, 5, 5)
    assert isinstance(number, Sum)
    off = Sum(number.terms, number.bias, 1, number.runtime + 3 * TOLERANCE * number.magnitude)
    assert agrees(number)
    assert not agrees(off)
