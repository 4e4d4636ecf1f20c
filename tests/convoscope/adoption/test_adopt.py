"""Graphs as other exporters write them, each against its own answers by ONNX Runtime."""

from pathlib import Path

import numpy as np
import pytest
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper
from torch import from_numpy
from torch.nn import functional

from convoscope.adoption import adopt as module
from convoscope.adoption.adopt import adopt
from convoscope.adoption.merging import merge
from convoscope.card import Preprocessing
from convoscope.graph.reading import GraphError, picture_type
from convoscope.network import load, open_session
from tests.graphs import card, constant, model, node, noise, write

SIZE = 8
MADE = Preprocessing(size=SIZE, channels="RGB", fit="centre crop", resample="bilinear", mean=(0.5,) * 3, std=(0.25,) * 3)
TO_FRONT, TO_LAST = {"perm": [0, 3, 1, 2]}, {"perm": [0, 2, 3, 1]}
WEIGHTS = {
    "k1": noise((4, 3, 3, 3)),
    "b1": noise((4,)),
    "k2": noise((6, 4, 3, 3)),
    "deep": noise((4, 1, 3, 3)),
    "m": noise((4, 6)),
    "c4": noise((4,), 1),
    "c6": noise((6,), 2),
    "c3": noise((3,), 6),
    "positive3": np.abs(noise((3,), 7)) + 0.1,
    "shift3": noise((3, 1, 1), 8),
    "d4": noise((4, 5)),
    "d6": noise((6, 5)),
    "d5": noise((5,)),
    "all": noise((SIZE * SIZE * 4, 5)),
    "turned": noise((5, SIZE * SIZE * 4)),
    "flat": np.array([-1, SIZE * SIZE * 4]),
    "each": np.array([-1, 4]),
    "places": np.array([1, 2]),
    "sides": np.array([2, 3]),
    "last": np.array([-1]),
    "two": np.float32(2),
    "tiny": np.float32(1e-5),
    "zeros": np.array([0, 0, 0, 0, 0, 1, 1, 0]),
    "around": np.array([0, 0, 1, 1, 0, 0, 1, 1]),
    "scale4": np.abs(noise((1, 4, 1, 1), 3)),
    "shift4": noise((4, 1, 1), 4),
    "groups": np.array([0, 2, 2, SIZE, SIZE]),
    "maps4": np.array([0, 4, SIZE, SIZE]),
    "ones": np.array([0, 1, 1, 4]),
    "row": np.array([-1]),
    "places4": np.arange(4).reshape(1, 4, 1, 1),
    "first": np.array([1]),
    "end": np.array([4]),
    "channel": np.array([1]),
    "order": np.array([3, 1, 0]),
    "behind": np.array([-1, 1, 0, -2]),
    "pair": np.array([2]),
    "none": np.array([0]),
    "slopes": noise((1, 1, 4), 5),
}
CONV = node("Conv", "front k1 b1", "conv", pads=[1] * 4)
MAPS = node("Conv", "input k1 b1", "conv", pads=[1] * 4)
MEAN = [node("GlobalAveragePool", "maps", "mean"), node("Flatten", "mean", "row1")]
END4 = [*MEAN, node("Gemm", "row1 d4 d5", "logits")]
END6 = [*MEAN, node("Gemm", "row1 d6 d5", "logits")]


def foreign(steps: list[NodeProto], last: bool = False, opset: int = 17) -> ModelProto:
    used = {name for step in steps for name in step.input}
    built = model(steps, {name: value for name, value in WEIGHTS.items() if name in used}, (3, SIZE, SIZE), opset=opset)
    if last:
        for size, value in zip(built.graph.input[0].type.tensor_type.shape.dim[1:], (SIZE, SIZE, 3), strict=True):
            size.dim_value = value
    return built


def halves(*names: str) -> NodeProto:
    return helper.make_node("Split", ["conv"], names, axis=1)


CHANNEL_LAST: dict[str, list[NodeProto]] = {
    "flattened": [
        node("Transpose", "input", "front", **TO_FRONT),
        CONV,
        node("Transpose", "conv", "back", **TO_LAST),
        node("Reshape", "back flat", "row1"),
        node("Relu", "row1", "row2"),
        node("MatMul", "row2 all", "product"),
        node("Add", "product d5", "logits"),
    ],
    "flattened, weights turned": [
        node("Transpose", "input", "front", **TO_FRONT),
        CONV,
        node("Transpose", "conv", "back", **TO_LAST),
        node("Flatten", "back", "row1"),
        node("Gemm", "row1 turned d5", "logits", transB=1),
    ],
    "sums and gates between turns": [
        node("Transpose", "input", "front", **TO_FRONT),
        CONV,
        node("Transpose", "conv", "back", **TO_LAST),
        node("Mul", "back c4", "scaled"),
        node("PRelu", "scaled slopes", "bent"),
        node("ReduceMean", "bent", "squeezed", axes=[1, 2], keepdims=1),
        node("Sigmoid", "squeezed", "gate"),
        node("Mul", "bent gate", "gated"),
        node("Concat", "gated back", "both", axis=3),
        helper.make_node("Split", ["both"], ["one", "other"], axis=-1),
        node("Add", "one other", "sum"),
        node("Pad", "sum zeros", "padded"),
        node("ReduceMax", "padded", "row1", axes=[1, 2], keepdims=0),
        node("MatMul", "row1 d4", "logits"),
    ],
    "dense at each place": [
        node("Transpose", "input", "front", **TO_FRONT),
        CONV,
        node("Transpose", "conv", "back", **TO_LAST),
        node("LayerNormalization", "back c4 c4", "normal", axis=-1),
        node("MatMul", "normal m", "wide"),
        node("Add", "wide c6", "wider"),
        node("Tanh", "wider", "bent"),
        node("Transpose", "bent", "maps", **TO_FRONT),
        *END6,
    ],
    "a squeeze between": [
        node("Transpose", "input", "front", **TO_FRONT),
        CONV,
        node("GlobalAveragePool", "conv", "mean"),
        node("Squeeze", "mean sides", "squeezed"),
        node("Reshape", "squeezed ones", "there"),
        node("Transpose", "there", "again", **TO_FRONT),
        node("Mul", "conv again", "maps0"),
        node("ReduceMean", "maps0", "row1", axes=[2, 3], keepdims=0),
        node("MatMul", "row1 d4", "logits"),
    ],
}
CHANNEL_FIRST: dict[str, list[NodeProto]] = {
    "channels shuffled": [
        MAPS,
        node("Reshape", "conv groups", "grouped"),
        node("Transpose", "grouped", "swapped", perm=[0, 2, 1, 3, 4]),
        node("Reshape", "swapped maps4", "shuffled"),
        node("Gather", "shuffled order", "some", axis=1),
        node("Slice", "conv first end channel", "others"),
        node("Add", "some others", "joined"),
        node("Concat", "joined joined", "twice", axis=1),
        node("GlobalMaxPool", "twice", "mean"),
        node("Flatten", "mean", "row1"),
        node("Gemm", "row1 d6 d5", "logits"),
    ],
    "halves by the shape": [
        MAPS,
        node("Shape", "conv", "shape"),
        node("Gather", "shape channel", "count", axis=0),
        node("Div", "count pair", "half"),
        node("Slice", "conv none half channel", "one"),
        node("Slice", "conv half count channel", "other"),
        node("Concat", "other one", "maps", axis=1),
        *END4,
    ],
    "channels counted from the end": [
        MAPS,
        node("Gather", "conv behind", "some", axis=1),
        node("GlobalAveragePool", "some", "mean"),
        node("Flatten", "mean", "row1"),
        node("Gemm", "row1 d4 d5", "logits"),
    ],
    "halves": [
        MAPS,
        halves("one", "other"),
        node("Relu", "other", "bent"),
        node("Concat", "bent one", "maps", axis=1),
        *END4,
    ],
    "zeros before convolutions": [
        MAPS,
        node("Pad", "conv around", "padded"),
        node("Conv", "padded deep", "deeper", group=4),
        node("Mul", "deeper scale4", "scaled"),
        node("Add", "shift4 scaled", "shifted"),
        node("Mul", "shifted scale4", "again"),
        node("Relu", "again", "maps"),
        *END4,
    ],
    "zeros that stay": [
        MAPS,
        node("Pad", "conv around", "padded"),
        node("MaxPool", "padded", "maps", kernel_shape=[3, 3]),
        *END4,
    ],
    "normalised in steps": [
        MAPS,
        node("Transpose", "conv", "back", **TO_LAST),
        node("ReduceMean", "back", "mean0", axes=[-1]),
        node("Sub", "back mean0", "centred"),
        node("Pow", "centred two", "squares"),
        node("ReduceMean", "squares", "variance", axes=[-1]),
        node("Add", "variance tiny", "raised"),
        node("Sqrt", "raised", "deviation"),
        node("Div", "centred deviation", "normal"),
        node("Transpose", "normal", "maps", **TO_FRONT),
        *END4,
    ],
    "lengths": [
        MAPS,
        node("ReduceL2", "conv", "length", axes=[2, 3], keepdims=1),
        node("Div", "conv length", "even"),
        node("Sum", "even conv", "maps"),
        *END4,
    ],
    "a normalised row": [
        MAPS,
        node("GlobalAveragePool", "conv", "mean"),
        node("Reshape", "mean row", "numbers"),
        node("Gather", "numbers places4", "strided"),
        node("Transpose", "strided", "back", **TO_LAST),
        node("LayerNormalization", "back c4", "normal", axis=-1),
        node("Transpose", "normal", "again", **TO_FRONT),
        node("Reshape", "again each", "row1"),
        node("MatMul", "row1 d4", "logits"),
    ],
    "turned at the end": [
        MAPS,
        node("GlobalAveragePool", "conv", "mean"),
        node("Flatten", "mean", "row1"),
        node("Gemm", "row1 d4 d5", "scores"),
        node("Unsqueeze", "scores last", "column"),
        node("Squeeze", "column last", "logits"),
    ],
}
GRAPHS = {name: (steps, True) for name, steps in CHANNEL_LAST.items()} | {
    name: (steps, False) for name, steps in CHANNEL_FIRST.items()
}


@pytest.mark.parametrize("name", GRAPHS)
def test_a_foreign_graph_answers_as_before(name: str, tmp_path: Path) -> None:
    steps, last = GRAPHS[name]
    built = foreign(steps, last)
    before = built.SerializeToString()
    adopted = adopt(built, MADE)
    assert adopted.difference is not None
    assert adopted.difference < 1e-5
    assert built.SerializeToString() == before
    network = load(write(tmp_path, adopted.model, card(adopted.model, SIZE, 3, 5)))
    pictures = noise((2, 3, SIZE, SIZE))
    session = open_session(built, 1)
    own = [session.run(None, {"input": each.transpose(0, 2, 3, 1) if last else each})[0] for each in (pictures[:1], pictures[1:])]
    np.testing.assert_allclose(network.logits(pictures), np.concatenate(own), rtol=1e-4, atol=1e-4)


BLUE_FIRST: dict[str, tuple[list[NodeProto], bool]] = {
    "a convolution": ([node("Conv", "input k1 b1", "maps", pads=[1] * 4), *END4], False),
    "channels last": (
        [node("Transpose", "input", "front", **TO_FRONT), node("Conv", "front k1 b1", "maps", pads=[1] * 4), *END4],
        True,
    ),
    "scaled, normalised and padded before": (
        [
            node("Sub", "input shift3", "centred"),
            node("Mul", "centred two", "scaled"),
            node("BatchNormalization", "scaled c3 c3 c3 positive3", "normal"),
            node("Pad", "normal around", "padded"),
            node("Conv", "padded k1 b1", "maps"),
            *END4,
        ],
        False,
    ),
    "read by two convolutions": (
        [MAPS, node("Conv", "input k1", "more", pads=[1] * 4), node("Sum", "conv more", "maps"), *END4],
        False,
    ),
}


@pytest.mark.parametrize("name", BLUE_FIRST)
def test_red_and_blue_change_places(name: str) -> None:
    steps, last = BLUE_FIRST[name]
    built = foreign(steps, last)
    adopted = adopt(built, MADE, blue_first=True)
    assert adopted.difference is not None
    assert adopted.difference < 1e-5
    pictures = noise((1, 3, SIZE, SIZE))
    asked = pictures[:, ::-1].transpose(0, 2, 3, 1) if last else pictures[:, ::-1]
    own = open_session(built, 1).run(None, {"input": np.ascontiguousarray(asked)})[0]
    new = open_session(adopted.model, 1).run(None, {"input": pictures})[0]
    np.testing.assert_allclose(new, own, rtol=1e-4, atol=1e-4)


def test_colours_that_meet_in_another_step_stay_where_they_are() -> None:
    with pytest.raises(GraphError, match="they meet first in the operator Relu"):
        adopt(foreign([node("Relu", "input", "bent"), node("Conv", "bent k1 b1", "maps"), *END4]), MADE, blue_first=True)


def in_half(steps: list[NodeProto], *, outside: int) -> ModelProto:
    """With weights of half precision; outside: the type of what goes in and comes out."""
    built = foreign(steps)
    for tensor in built.graph.initializer:
        tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), tensor.name))
    for value in (*built.graph.input, *built.graph.output):
        value.type.tensor_type.elem_type = outside
    return built


def taking_bytes() -> ModelProto:
    built = foreign([node("Cast", "input", "pixels", to=1), node("Conv", "pixels k1 b1", "maps", pads=[1] * 4), *END4])
    built.graph.input[0].type.tensor_type.elem_type = TensorProto.UINT8
    return built


HALF_INSIDE = [
    node("Cast", "input", "inner", to=TensorProto.FLOAT16),
    node("Conv", "inner k1 b1", "maps", pads=[1] * 4),
    *MEAN,
    node("Gemm", "row1 d4 d5", "scores"),
    node("Cast", "scores", "logits", to=TensorProto.FLOAT),
]
TYPES = {
    "half": (in_half([MAPS, node("Relu", "conv", "maps"), *END4], outside=TensorProto.FLOAT16), 0.01),
    "half inside": (in_half(HALF_INSIDE, outside=TensorProto.FLOAT), 0.01),
    "bytes": (taking_bytes(), 1e-5),
}


@pytest.mark.parametrize("name", TYPES)
def test_other_types_of_numbers_become_float32(name: str) -> None:
    built, tolerance = TYPES[name]
    adopted = adopt(built, MADE.model_copy(update={"mean": (0.0,) * 3, "std": (1 / 255,) * 3}))
    assert adopted.difference is not None
    assert adopted.difference < tolerance
    assert "Cast" not in [each.op_type for each in adopted.model.graph.node]
    pixels = np.random.default_rng(0).integers(0, 256, (1, 3, SIZE, SIZE)).astype(np.float32)
    own = open_session(built, 1).run(None, {"input": pixels.astype(picture_type(built))})[0].astype(np.float32)
    new = open_session(adopted.model, 1).run(None, {"input": pixels})[0]
    np.testing.assert_allclose(new, own, atol=tolerance * np.abs(own).max())


def operators(steps: list[NodeProto], last: bool = False) -> list[str]:
    return [each.op_type for each in adopt(foreign(steps, last), MADE).model.graph.node]


def test_turns_cost_no_step() -> None:
    assert operators(CHANNEL_LAST["flattened"], last=True) == ["Conv", "Flatten", "Relu", "MatMul", "Add"]


def test_what_belongs_to_a_convolution_becomes_part_of_it() -> None:
    found = operators(CHANNEL_FIRST["zeros before convolutions"])
    assert found == ["Conv", "Conv", "Relu", "GlobalAveragePool", "Flatten", "Gemm"]


def test_choices_of_choices_are_one() -> None:
    assert operators(CHANNEL_FIRST["channels shuffled"]).count("Gather") == 2


def test_layer_normalisation_over_channels_is_pytorchs(tmp_path: Path) -> None:
    adopted = adopt(foreign(CHANNEL_LAST["dense at each place"], last=True), MADE).model
    short = [*CHANNEL_LAST["dense at each place"][:4], node("Transpose", "normal", "maps", **TO_FRONT), *END4]
    newer = adopt(foreign(short, last=True, opset=18), MADE)
    network = load(write(tmp_path, newer.model, card(newer.model, SIZE, 3, 5)))
    pictures = noise((2, 3, SIZE, SIZE))
    maps = functional.conv2d(from_numpy(pictures), *(from_numpy(WEIGHTS[name]) for name in ("k1", "b1")), padding=1)
    gain = from_numpy(WEIGHTS["c4"])
    normal = functional.layer_norm(maps.permute(0, 2, 3, 1), (4,), gain, gain)
    expected = normal.mean((1, 2)) @ from_numpy(WEIGHTS["d4"]) + from_numpy(WEIGHTS["d5"])
    np.testing.assert_allclose(network.logits(pictures), expected.numpy(), rtol=1e-4, atol=1e-4)
    assert [each.op_type for each in adopted.graph.node].count("LayerNormalization") == 1


def test_what_is_computed_of_weights_alone_is_a_weight() -> None:
    steps = [
        constant("half", np.float32(0.5)),
        node("Mul", "k1 half", "halved"),
        node("Sub", "halved half", "standard"),
        node("Conv", "input standard", "maps"),
        *END4,
    ]
    adopted = adopt(foreign(steps), MADE)
    assert [each.op_type for each in adopted.model.graph.node] == ["Constant", "Conv", "GlobalAveragePool", "Flatten", "Gemm"]
    assert adopted.difference is not None
    assert adopted.difference < 1e-6


def test_what_needs_nothing_is_left_alone() -> None:
    built = foreign([MAPS, node("Relu", "conv", "maps"), *END4])
    adopted = adopt(built, MADE)
    assert adopted.model is built
    assert adopted.difference is None


def test_sides_that_are_left_open_are_the_cards() -> None:
    built = foreign(CHANNEL_LAST["flattened"], last=True)
    for size in built.graph.input[0].type.tensor_type.shape.dim[1:3]:
        size.Clear()
    sizes = adopt(built, MADE).model.graph.input[0].type.tensor_type.shape.dim
    assert [size.dim_value for size in sizes[1:]] == [3, SIZE, SIZE]


@pytest.mark.parametrize("operator", ["Pow", "Sin"])
def test_what_cannot_be_written_otherwise_is_named(operator: str) -> None:
    inputs = "conv tiny" if operator == "Pow" else "conv"
    with pytest.raises(GraphError, match=f"the operator {operator}, which is not supported"):
        adopt(foreign([MAPS, node(operator, inputs, "maps"), *END4]), MADE)


def test_pictures_that_are_moved_behind_are_refused() -> None:
    steps = [
        MAPS,
        node("Transpose", "conv", "behind", perm=[2, 3, 0, 1]),
        node("Relu", "behind", "bent"),
        node("Reshape", "bent flat", "row1"),
        node("Gemm", "row1 turned d5", "logits", transB=1),
    ]
    with pytest.raises(GraphError):
        adopt(foreign(steps), MADE)


def test_another_answer_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def spoil(changed: ModelProto) -> None:
        merge(changed)
        changed.graph.node[-1].input[2] = ""

    monkeypatch.setattr(module, "merge", spoil)
    with pytest.raises(GraphError, match="its answers differ by"):
        adopt(foreign(CHANNEL_FIRST["halves"]), MADE)
