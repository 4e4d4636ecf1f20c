from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import ModelProto, NodeProto, TensorProto, helper

from convoscope.card import ModelError
from convoscope.graph.settle import settle
from convoscope.network import load, open_session
from tests.graphs import card, model, noise, prepared, write
from tests.graphs import node as step

SIZE = 6
WEIGHTS = {
    "k": noise((4, 3, 3, 3)),
    "d": noise((4 * SIZE**2, 5)),
    "one": np.array([1]),
    "first": np.array(0),
    "rest": np.array([-1]),
}
CONV = step("Conv", "input k", "conv", pads=[1] * 4)
DENSE = step("Gemm", "row d", "logits")


def batched(count: int, steps: list[NodeProto], **weights: np.ndarray) -> ModelProto:
    """Declared for so many pictures."""
    built = model([CONV, *steps, DENSE], {**WEIGHTS, **weights}, (3, SIZE, SIZE))
    for value in built.graph.input:
        value.type.tensor_type.shape.dim[0].dim_value = count
    shaped = helper.make_tensor_value_info("conv", TensorProto.FLOAT, [count, 4, SIZE, SIZE])
    built.graph.value_info.append(shaped)
    return built


COMPUTED = [  # as an exporter writes x.view(x.size(0), -1)
    step("Shape", "conv", "sizes"),
    step("Gather", "sizes first", "count", axis=0),
    step("Unsqueeze", "count axis", "counts"),
    step("Concat", "counts rest", "shape", axis=0),
    step("Reshape", "conv shape", "row"),
]
GRAPHS = {
    "one picture": lambda: batched(1, [step("Flatten", "conv", "row")]),
    "one picture in a shape": lambda: batched(1, [step("Reshape", "conv s", "row")], s=np.array([1, -1])),
    "one picture in a whole shape": lambda: batched(1, [step("Reshape", "conv s", "row", allowzero=1)], s=np.array([1, 144])),
    "eight pictures in a shape": lambda: batched(8, [step("Reshape", "conv s", "row")], s=np.array([8, -1])),
    "a computed shape": lambda: model([CONV, *COMPUTED, DENSE], {**WEIGHTS, "axis": np.array([0])}, (3, SIZE, SIZE)),
    "one picture and a computed shape": lambda: batched(1, COMPUTED, axis=np.array([0])),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_a_network_takes_several_pictures_however_it_was_exported(name: str, tmp_path: Path) -> None:
    built = GRAPHS[name]()
    network = load(write(tmp_path, built, card(built, SIZE, 3, 5)))
    assert {node.op_type for node in network.model.graph.node} <= {"Conv", "Flatten", "Reshape", "Gemm"}
    batch = noise((3, 3, SIZE, SIZE))
    plain = open_session(model([CONV, step("Flatten", "conv", "row"), DENSE], WEIGHTS, (3, SIZE, SIZE)), 1)
    np.testing.assert_allclose(network.logits(batch), plain.run(["logits"], {"input": batch})[0], rtol=1e-5, atol=1e-5)


def test_what_is_settled_stays_as_it_is() -> None:
    built = settle(GRAPHS["one picture in a whole shape"]())
    before = built.SerializeToString()
    assert settle(built).SerializeToString() == before


def test_of_a_log_softmax_at_the_end_the_shares_stay(tmp_path: Path) -> None:
    built = model(
        [CONV, step("Flatten", "conv", "row"), DENSE, step("LogSoftmax", "logits", "logs", axis=1)],
        WEIGHTS,
        (3, SIZE, SIZE),
        "logs",
    )
    network = load(write(tmp_path, built, card(built, SIZE, 3, 5)))
    trace = network.trace(prepared(network.card.preprocessing))
    assert network.logits_name == "logits"
    np.testing.assert_allclose(trace.activations[-1].values, trace.prediction.probabilities, atol=1e-6)


def test_a_network_that_takes_one_picture_only_is_named(tmp_path: Path) -> None:
    joined = step("Concat", "conv fixed", "both", axis=1)
    weights = {**WEIGHTS, "fixed": noise((1, 1, SIZE, SIZE)), "d": noise((5 * SIZE**2, 5))}
    built = model([CONV, joined, step("Flatten", "both", "row"), DENSE], weights, (3, SIZE, SIZE))
    with pytest.raises(ModelError, match="cannot be used: it takes one picture at a time; export it with an open batch axis"):
        load(write(tmp_path, built, card(built, SIZE, 3, 5)))


def test_the_file_itself_is_not_changed(tmp_path: Path) -> None:
    built = GRAPHS["one picture in a shape"]()
    network = load(write(tmp_path, built, card(built, SIZE, 3, 5)))
    assert network.model.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "batch"
    assert onnx.load(tmp_path / "model.onnx").graph.input[0].type.tensor_type.shape.dim[0].dim_value == 1


def test_a_shape_that_cannot_be_computed_beforehand_is_named_by_its_operators(tmp_path: Path) -> None:
    built = GRAPHS["a computed shape"]()
    for side in built.graph.input[0].type.tensor_type.shape.dim[2:]:
        side.dim_param = "side"
    with pytest.raises(ModelError, match="its graph uses the operators Shape, Gather, Unsqueeze, which are not supported"):
        load(write(tmp_path, built, card(built, SIZE, 3, 5)))


def test_what_was_declared_of_the_output_no_longer_holds() -> None:
    built = GRAPHS["one picture"]()
    built.graph.output[0].CopyFrom(helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 5]))
    sizes = settle(built).graph.output[0].type.tensor_type.shape.dim
    assert (sizes[0].HasField("dim_value"), sizes[1].dim_value) == (False, 5)
