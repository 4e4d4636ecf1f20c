import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import ModelProto, TensorProto, helper
from onnx.external_data_helper import set_external_data

from convoscope.card import ModelError
from convoscope.graph.operators import OPERATORS
from convoscope.graph.settle import settle
from convoscope.network import Trace, load, softmax
from convoscope.photo import from_pixels
from convoscope.prepare import Prepared, centre_crop, prepare
from tests import shipped
from tests.convoscope.zoo import DENSE, RESIDUAL, SIZE, STRIDED, ZOO, Odd
from tests.graphs import card, model, node, noise, prepared, write

GOLDEN = sorted(path.parent for path in shipped.MODELS.glob("[!.]*/golden.npz"))


def values(trace: Trace) -> dict[str, np.ndarray]:
    return {activation.stage.tensor: activation.values for activation in trace.activations}


def assert_near(found: np.ndarray, wanted: np.ndarray, name: str) -> None:
    """Equal up to float32's rounding in sums of a few hundred terms."""
    assert found.shape == wanted.shape, name
    assert np.abs(found - wanted).max() <= 2e-6 * max(1, np.abs(wanted).max()), name


# ---- by hand

KERNEL = np.array([[[[1, 0], [0, -1]]], [[[0, 1], [1, 0]]]], np.float32)
BY_HAND = model(
    [
        node("Conv", "input k b", "conv1"),
        node("Relu", "conv1", "relu1"),
        node("MaxPool", "relu1", "pool1", kernel_shape=[2, 2]),
        node("Flatten", "pool1", "features"),
        node("Gemm", "features d db", "logits"),
    ],
    {
        "k": KERNEL,
        "b": np.array([0.5, -10], np.float32),
        "d": np.array([[1, 0], [0, 1]], np.float32),
        "db": np.array([0, 100], np.float32),
    },
    (1, 3, 3),
)
# Pixels chosen so that (pixel / 255 − 0) / (1 / 255) is the pixel itself.
PLAIN = {"size": 3, "channels": "grey", "fit": "centre crop", "resample": "nearest", "mean": [0.0], "std": [1 / 255]}


def test_convolution_relu_pooling_and_dense_are_what_one_computes_by_hand(tmp_path: Path) -> None:
    network = load(write(tmp_path, BY_HAND, card(BY_HAND, 3, 1, 2, preprocessing=PLAIN)))
    grey = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 0]], np.uint8)
    shown = from_pixels(np.repeat(grey[:, :, None], 3, 2), "by hand")
    trace = network.trace(prepare(shown, centre_crop(shown), network.card.preprocessing))
    expected = {
        "conv1": [
            [[1 - 5 + 0.5, 2 - 6 + 0.5], [4 - 8 + 0.5, 5 - 0 + 0.5]],
            [[2 + 4 - 10, 3 + 5 - 10], [5 + 7 - 10, 6 + 8 - 10]],
        ],
        "relu1": [[[0, 0], [0, 5.5]], [[0, 0], [2, 4]]],
        "pool1": [[[5.5]], [[4]]],
        "features": [5.5, 4],
        "logits": [5.5, 104],
    }
    found = values(trace)
    assert list(found) == list(expected)
    for name, wanted in expected.items():
        np.testing.assert_allclose(found[name], wanted, atol=1e-4, err_msg=name)
    assert trace.prediction.best.name == "class 1"
    assert trace.prediction.best.logit == pytest.approx(104, abs=1e-4)


# ---- against PyTorch


@pytest.mark.parametrize("name", ZOO)
def test_every_tensor_of_an_odd_network_is_pytorchs(name: str, tmp_path: Path) -> None:
    odd = ZOO[name]
    network = odd.load(tmp_path)
    for seed in range(3):
        made = prepared(network.card.preprocessing, seed)
        expected = odd.expected(made.tensor)
        trace = network.trace(made)
        assert [each.stage.tensor for each in trace.activations] == [each.output[0] for each in odd.nodes if live(odd, each)]
        for activation in trace.activations:
            wanted = expected[activation.stage.tensor][0].numpy()
            assert_near(activation.values, wanted, activation.stage.tensor)
            assert activation.stage.shape == wanted.shape


def live(odd: Odd, step: Any) -> bool:
    return step.output[0] != "turned"  # an Identity of a weight is no step of the network


def test_the_odd_networks_use_every_supported_operator() -> None:
    assert {step.op_type for odd in ZOO.values() for step in settle(odd.model()).graph.node} == set(OPERATORS)


@pytest.mark.parametrize("name", ZOO)
def test_a_batch_gives_the_logits_of_each(name: str, tmp_path: Path) -> None:
    network = ZOO[name].load(tmp_path)
    batch = np.concatenate([prepared(network.card.preprocessing, seed).tensor for seed in range(4)])
    expected = ZOO[name].expected(batch)[network.logits_name].numpy()
    found = network.logits(batch)
    assert found.dtype == np.float64
    assert_near(found, expected, "logits")


@pytest.mark.parametrize("folder", GOLDEN, ids=lambda folder: folder.name)
def test_every_tensor_of_a_shipped_network_is_the_one_pytorch_gave(folder: Path) -> None:
    assert_golden(folder)


def test_every_tensor_of_a_network_trained_just_now_is_the_one_pytorch_gave(shapes_folder: Path) -> None:
    assert_golden(shapes_folder)


def assert_golden(folder: Path) -> None:
    """From pixels on, through the same steps as a visitor's photo."""
    network = load(folder)
    with np.load(folder / "golden.npz", allow_pickle=False) as kept:
        golden = dict(kept)
    pixels = golden.pop("pixels")
    assert list(golden) == [stage.tensor for stage in network.stages]
    assert len(pixels) > 0
    for number, picture in enumerate(pixels):
        shown = from_pixels(np.broadcast_to(picture, (*picture.shape[:2], 3)), "golden")
        trace = network.trace(prepare(shown, centre_crop(shown), network.card.preprocessing))
        for name, found in values(trace).items():
            wanted = golden[name][number]
            assert np.abs(found - wanted).max() <= 1e-5 * np.abs(wanted).max(), name


# ---- predictions and traces


def test_the_shipped_shapes_network_is_there() -> None:
    assert shipped.MODELS / "shapes" in GOLDEN


@pytest.mark.parametrize("temperature", [None, 0.5, 3.0])
def test_probabilities_are_the_softmax_of_logits_over_temperature(temperature: float | None, tmp_path: Path) -> None:
    measured = {"temperature": temperature, "measured_on": "others", "ece_before": 0.2, "ece_after": 0.1}
    network = STRIDED.load(tmp_path, calibration=measured if temperature else None)
    prediction = network.predict(prepared(network.card.preprocessing))
    powers = np.exp(prediction.logits / (temperature or 1))
    np.testing.assert_allclose(prediction.probabilities, powers / powers.sum(), rtol=1e-12)
    assert prediction.probabilities.sum() == pytest.approx(1, abs=1e-12)


def test_a_softmax_in_the_graph_is_looked_behind(tmp_path: Path) -> None:
    network = RESIDUAL.load(tmp_path)
    made = prepared(network.card.preprocessing)
    trace = network.trace(made)
    assert network.logits_name == "logits"
    np.testing.assert_allclose(trace.prediction.probabilities, values(trace)["probabilities"], rtol=1e-5)


def test_a_sigmoid_for_each_class_is_refused(tmp_path: Path) -> None:
    steps = [node("Flatten", "input", "row"), node("Gemm", "row d", "scores"), node("Sigmoid", "scores", "answers")]
    built = model(steps, {"d": noise((3, 2))}, (3, 1, 1), "answers")
    with pytest.raises(ModelError, match="it ends in a sigmoid, a probability for each class by itself"):
        load(write(tmp_path, built, card(built, 1, 3, 2)))


@pytest.mark.parametrize("name", ZOO)
def test_trace_and_predict_agree(name: str, tmp_path: Path) -> None:
    network = ZOO[name].load(tmp_path)
    made = prepared(network.card.preprocessing)
    traced, predicted = network.trace(made).prediction, network.predict(made)
    np.testing.assert_array_equal(traced.logits, predicted.logits)
    np.testing.assert_array_equal(traced.probabilities, predicted.probabilities)


def test_answers_are_sorted_and_ties_keep_the_order_of_the_classes(tmp_path: Path) -> None:
    network = DENSE.load(tmp_path)
    prediction = network.predict(prepared(network.card.preprocessing))
    assert sorted(answer.index for answer in prediction.answers) == [0, 1, 2, 3, 4]
    for answer in prediction.answers:
        assert answer.name == f"class {answer.index}"
        assert answer.logit == prediction.logits[answer.index]
        assert answer.probability == prediction.probabilities[answer.index]
    shares = [answer.probability for answer in prediction.answers]
    assert shares == sorted(shares, reverse=True)
    assert prediction.best == prediction.answers[0]
    tied = type(prediction)(("a", "b", "c"), np.array([1.0, 2.0, 2.0]), np.array([0.2, 0.4, 0.4]))
    assert [answer.name for answer in tied.answers] == ["b", "c", "a"]


def test_softmax_stands_large_logits() -> None:
    np.testing.assert_allclose(softmax(np.array([[1000.0, 1000.0], [-1000.0, 0.0]])), [[0.5, 0.5], [0, 1]], atol=1e-300)


def test_a_trace_cannot_be_written_to(tmp_path: Path) -> None:
    network = STRIDED.load(tmp_path)
    trace = network.trace(prepared(network.card.preprocessing))
    for activation in trace.activations:
        assert activation.values.dtype == np.float32
        assert not activation.values.flags.writeable
        with pytest.raises(ValueError, match="WRITEABLE"):
            activation.values.flags.writeable = True


def test_a_trace_is_asked_by_stage(tmp_path: Path) -> None:
    network = STRIDED.load(tmp_path)
    trace = network.trace(prepared(network.card.preprocessing))
    for stage, activation in zip(network.stages, trace.activations, strict=True):
        assert trace.values(stage) is activation.values


def test_many_threads_get_the_results_of_one() -> None:
    network = load(shipped.MODELS / "shapes", threads=2)
    inputs = [prepared(network.card.preprocessing, seed) for seed in range(16)]
    alone = [values(network.trace(made)) for made in inputs]

    def again(made: Prepared) -> dict[str, np.ndarray]:
        return values(network.trace(made))

    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            for one, other in zip(alone, pool.map(again, inputs), strict=True):
                for name in one:
                    np.testing.assert_array_equal(one[name], other[name])


def test_a_network_sums_what_its_layers_cost() -> None:
    network = shipped.network("shapes")
    conv = [8 * 1 * 9 + 8, 8 * 8 * 9 + 8, 8 * 8 * 9 + 8]
    assert network.parameters == sum(conv) + 8 * 4 * 4 * 7 + 7
    assert network.multiply_adds == 32 * 32 * 8 * 9 + 16 * 16 * 8 * 72 + 8 * 8 * 8 * 72 + 128 * 7


# ---- folders that cannot be used


def refusal(folder: Path, built: ModelProto, **changes: Any) -> str:
    with pytest.raises(ModelError) as failure:
        load(write(folder / "net", built, card(built, SIZE, 3, 5, **changes)))
    return str(failure.value)


def with_step(*steps: Any, weights: dict[str, np.ndarray] | None = None, output: str = "logits") -> ModelProto:
    """flatten → dense, with other steps in between that make 'features' of 'flat'."""
    return model(
        [node("Flatten", "input", "flat"), *steps, node("Gemm", "features d", "logits")],
        {"d": noise((3 * SIZE * SIZE, 5)), **(weights or {})},
        (3, SIZE, SIZE),
        output,
    )


FINE = with_step(node("Identity", "flat", "features"))


def test_the_model_that_the_next_ones_spoil_is_fine(tmp_path: Path) -> None:
    network = load(write(tmp_path, FINE, card(FINE, SIZE, 3, 5)))
    assert [layer.name for layer in network.layers] == ["logits"]


@pytest.mark.parametrize("operator", ["Sin", "Transpose", "Mish"])
def test_an_unsupported_operator_is_named(operator: str, tmp_path: Path) -> None:
    assert refusal(tmp_path, with_step(node(operator, "flat", "features"))) == (
        f"net/model.onnx cannot be used: its graph uses the operator {operator}, which is not supported."
    )


def test_an_operator_of_another_domain_is_named(tmp_path: Path) -> None:
    built = with_step(helper.make_node("Relu", ["flat"], ["features"], domain="com.example"))
    assert "uses the operator Relu, which is not supported" in refusal(tmp_path, built)


def test_two_inputs_are_one_too_many(tmp_path: Path) -> None:
    built = with_step(node("Add", "flat more", "features"))
    built.graph.input.append(helper.make_tensor_value_info("more", TensorProto.FLOAT, [1]))
    assert refusal(tmp_path, built, layers=[]) == (
        "net/model.onnx cannot be used: its graph has 2 inputs; an image classifier has one."
    )


def test_initialisers_listed_as_inputs_are_no_inputs(tmp_path: Path) -> None:
    built = ModelProto.FromString(FINE.SerializeToString())
    built.graph.input.append(helper.make_tensor_value_info("d", TensorProto.FLOAT, [3 * SIZE * SIZE, 5]))
    made = prepared(load(write(tmp_path / "one", FINE, card(FINE, SIZE, 3, 5))).card.preprocessing)
    one, other = (load(write(tmp_path / name, each, card(each, SIZE, 3, 5))) for name, each in (("one", FINE), ("two", built)))
    assert_near(one.predict(made).logits, other.predict(made).logits, "logits")


def test_a_graph_without_layers_is_no_classifier(tmp_path: Path) -> None:
    built = model([node("Relu", "input", "logits")], {}, (3, SIZE, SIZE))
    assert "no layer of fixed weights between the input and the output" in refusal(tmp_path, built)


@pytest.mark.parametrize("output", ["input", "d", "nowhere"])
def test_an_output_that_is_not_computed_is_refused(output: str, tmp_path: Path) -> None:
    built = with_step(node("Identity", "flat", "features"), output=output)
    assert "no layer of fixed weights between the input and the output" in refusal(tmp_path, built)


def test_a_graph_without_output_is_refused(tmp_path: Path) -> None:
    built = ModelProto.FromString(FINE.SerializeToString())
    del built.graph.output[:]
    assert "no layer of fixed weights between the input and the output" in refusal(tmp_path, built)


def test_steps_that_do_not_fit_together_are_refused(tmp_path: Path) -> None:
    built = with_step(node("Concat", "flat flat", "features", axis=1))
    assert refusal(tmp_path, built).startswith("net/model.onnx cannot be used: ")


@pytest.mark.parametrize("attribute", ["size", "channels"])
def test_a_photo_of_another_size_than_the_graph_takes_is_refused(attribute: str, tmp_path: Path) -> None:
    size, channels = (SIZE + 1, 3) if attribute == "size" else (SIZE, 1)
    preprocessing = card(FINE, size, channels, 5)["preprocessing"]
    assert refusal(tmp_path, FINE, preprocessing=preprocessing).startswith("net/model.onnx cannot be used: ")


def test_weights_outside_the_file_are_refused(tmp_path: Path) -> None:
    built = ModelProto.FromString(FINE.SerializeToString())
    set_external_data(built.graph.initializer[0], "weights.bin")
    built.graph.initializer[0].ClearField("raw_data")
    assert refusal(tmp_path, built, layers=[]) == (
        "net/model.onnx cannot be used: its weights are in another file; save the model as one file."
    )


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_no_numbers_are_refused(value: float, tmp_path: Path) -> None:
    built = with_step(node("Add", "flat spoilt", "features"), weights={"spoilt": np.array([value], np.float32)})
    assert refusal(tmp_path, built) == "net/model.onnx cannot be used: what it computes in features is not finite."


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_model_file_cut_short_is_refused(share: float, tmp_path: Path) -> None:
    folder = write(tmp_path / "net", FINE, card(FINE, SIZE, 3, 5))
    data = (folder / "model.onnx").read_bytes()
    assert_bytes_refused(folder, data[: int(len(data) * share)])


@pytest.mark.parametrize("data", [b"this is text", b"\x80\x04\x95pickle", b"\0" * 100, b"PK\x03\x04"], ids=repr)
def test_what_is_no_onnx_file_is_refused(data: bytes, tmp_path: Path) -> None:
    assert_bytes_refused(write(tmp_path / "net", FINE, card(FINE, SIZE, 3, 5)), data)


def assert_bytes_refused(folder: Path, data: bytes) -> None:
    content = card(FINE, SIZE, 3, 5) | {"sha256": hashlib.sha256(data).hexdigest()}
    (folder / "model.onnx").write_bytes(data)
    (folder / "card.json").write_text(json.dumps(content))
    with pytest.raises(ModelError, match=r"^net/model\.onnx cannot be used: "):
        load(folder)


def test_as_many_classes_as_outputs(tmp_path: Path) -> None:
    assert refusal(tmp_path, FINE, classes=["a", "b"]) == "net/card.json, classes: 2 names for an output of 5 numbers."


def test_an_output_of_maps_is_no_list_of_classes(tmp_path: Path) -> None:
    built = model([node("Conv", "input k", "logits")], {"k": noise((5, 3, 1, 1))}, (3, SIZE, SIZE))
    assert refusal(tmp_path, built) == "net/card.json, classes: 5 names for an output of 5 × 9 × 9 numbers."


@pytest.mark.parametrize("names", [[], ["another"], ["logits", "logits"]])
def test_the_card_names_the_layers_of_the_graph(names: list[str], tmp_path: Path) -> None:
    layers = [{"name": name, "title": "T"} for name in names]
    assert refusal(tmp_path, FINE, layers=layers) == (
        f"net/card.json, layers: names {', '.join(names)}, but the graph has logits."
    )


def test_a_wrong_sha256_is_refused_before_the_model_is_opened(tmp_path: Path) -> None:
    assert refusal(tmp_path, FINE, sha256="0" * 64).startswith("net/card.json, sha256: ")
