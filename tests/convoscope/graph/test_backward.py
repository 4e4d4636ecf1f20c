import numpy as np
import pytest
import torch
from hypothesis import given
from onnx import ModelProto, helper

from convoscope.graph.backward import LOGIT_WEIGHTS, GradientError, backward, gradient_of
from convoscope.graph.operators import OPERATORS
from convoscope.graph.rules import RULES
from convoscope.graph.tap import tap
from convoscope.graph.weights import adjustable
from convoscope.network import open_session
from tests.convoscope.graph.random_networks import CLASSES, Twins, networks
from tests.convoscope.zoo import SIZE, ZOO, Odd
from tests.examples import examples
from tests.graphs import model, node, noise

STATISTICS = {"m", "v", "low", "high", "ratio"}  # inputs of steps that no gradient is defined for


def assert_close(found: np.ndarray, expected: np.ndarray, noise: float = 0) -> None:
    """Relative to the tensor's largest number. noise: what float32 leaves where terms cancel, as after a softmax."""
    assert found.shape == expected.shape
    assert np.abs(found - expected).max(initial=0) <= max(1e-4 * np.abs(expected).max(initial=0), noise)


@examples(150)
@given(networks())
def test_gradients_of_random_networks_are_those_of_pytorch(both: tuple[ModelProto, Twins]) -> None:
    built, twins = both
    weights = noise((twins.pictures, CLASSES), 1)
    names = [name for name in twins.tensors if name not in twins.fixed]
    expected = torch.autograd.grad(
        twins.tensors["logits"], [twins.tensors[name] for name in names], torch.tensor(weights), allow_unused=True
    )
    wanted = {name: each.numpy() for name, each in zip(names, expected, strict=True) if each is not None}
    extended = backward(tap(built), list(wanted), "logits")
    feeds = {"input": twins.tensors["input"].detach().numpy(), LOGIT_WEIGHTS: weights}
    found = open_session(extended, 1).run([gradient_of(name) for name in wanted], feeds)
    largest = max(np.abs(each).max() for each in wanted.values())
    for one, name in zip(found, wanted, strict=True):
        assert_close(one, wanted[name], noise=1e-6 * largest)


@pytest.mark.parametrize("odd", ZOO.values(), ids=ZOO)
def test_gradients_of_odd_networks_are_those_of_pytorch(odd: Odd) -> None:
    batch, weights = noise((2, odd.channels, SIZE, SIZE)), noise((2, odd.classes), 1)
    fixed = {name: torch.tensor(value) for name, value in (odd.weights | odd.fixed).items()}
    learned = [name for name, value in fixed.items() if value.is_floating_point() and name not in STATISTICS]
    x = torch.tensor(batch, requires_grad=True)
    for name in learned:
        fixed[name].requires_grad_()
    tensors = odd.twin(x, fixed)
    computed = [
        name for layer in odd.layers.values() for name in layer if name in tensors and name not in ("probabilities", "logs")
    ]
    names = ["input", *computed, *learned]
    sources = [x, *(tensors[name] for name in computed), *(fixed[name] for name in learned)]
    expected = torch.autograd.grad(tensors["logits"], sources, torch.tensor(weights))
    extended = backward(adjustable(tap(odd.model())), names, "logits")
    found = open_session(extended, 1).run([gradient_of(name) for name in names], {"input": batch, LOGIT_WEIGHTS: weights})
    for one, other in zip(found, expected, strict=True):
        assert_close(one, other.numpy())


def test_dense_steps_as_few_write_them() -> None:
    """A turned first factor; a matrix that stands for all channels; no bias."""
    nodes = [
        node("MatMul", "input m", "maps"),
        node("Flatten", "maps", "flat"),
        node("Gemm", "d flat", "turned", transA=1, transB=1, alpha=0.5),
        node("Gemm", "turned e", "logits", transA=1, alpha=3.0),
    ]
    weights = {"m": noise((2, 3), 1), "d": noise((12, 5), 2), "e": noise((5, 4), 3)}
    batch, question = noise((3, 2, 2, 2)), noise((3, 4), 4)
    leaves = {name: torch.tensor(value, requires_grad=True) for name, value in {"input": batch, **weights}.items()}
    x, m, d, e = leaves.values()
    turned = 0.5 * d.T @ (x @ m).flatten(1).T
    expected = torch.autograd.grad(3 * turned.T @ e, list(leaves.values()), torch.tensor(question))
    session = open_session(backward(model(nodes, weights, (2, 2, 2)), list(leaves), "logits"), 1)
    found = session.run([gradient_of(name) for name in leaves], {"input": batch, LOGIT_WEIGHTS: question})
    for one, other in zip(found, expected, strict=True):
        assert_close(one, other.numpy())


def test_every_picture_has_its_own_question() -> None:
    session = open_session(backward(ZOO["strided"].model(), ["input"], "logits"), 1)
    batch = noise((3, 3, SIZE, SIZE))
    together = session.run([gradient_of("input")], {"input": batch, LOGIT_WEIGHTS: np.eye(5, dtype=np.float32)[[4, 0, 2]]})[0]
    for picture, index, found in zip(batch, (4, 0, 2), together, strict=True):
        alone = session.run(None, {"input": picture[None], LOGIT_WEIGHTS: np.eye(5, dtype=np.float32)[[index]]})[-1]
        np.testing.assert_allclose(found, alone[0], rtol=1e-4, atol=1e-6)


def test_the_question_may_be_the_difference_of_two_classes() -> None:
    session = open_session(backward(ZOO["dense"].model(), ["input"], "logits"), 1)
    photo = noise((1, 1, SIZE, SIZE))

    def gradient(*weights: float) -> np.ndarray:
        return session.run(None, {"input": photo, LOGIT_WEIGHTS: np.float32([weights])})[-1]

    difference = gradient(0, 1, 0, -1, 0)
    assert np.abs(difference).max() > 0
    np.testing.assert_allclose(difference, gradient(0, 1, 0, 0, 0) - gradient(0, 0, 0, 1, 0), atol=1e-5)


def test_of_equals_in_a_window_the_first_gets_the_gradient() -> None:
    for sides, strides in (([2, 2], [2, 2]), ([2, 2], [1, 1])):
        built = model(
            [node("MaxPool", "input", "p", kernel_shape=sides, strides=strides), node("Flatten", "p", "logits")], {}, (1, 4, 4)
        )
        even = np.ones((1, 1, 4, 4), np.float32)
        x = torch.tensor(even, requires_grad=True)
        torch.nn.functional.max_pool2d(x, sides, strides).sum().backward()
        session = open_session(backward(built, ["input"], "logits"), 1)
        classes = session.get_inputs()[1].shape[1]
        found = session.run([gradient_of("input")], {"input": even, LOGIT_WEIGHTS: np.ones((1, classes), np.float32)})[0]
        assert x.grad is not None
        np.testing.assert_array_equal(found, x.grad.numpy())


def test_the_length_of_a_silent_map_has_no_slope() -> None:
    steps = [
        node("Relu", "input", "relu"),
        node("Mul", "relu relu", "squares"),
        node("ReduceMean", "squares", "mean", axes=[2, 3], keepdims=1),
        node("Sqrt", "mean", "length"),
        node("Flatten", "length", "logits"),
    ]
    session = open_session(backward(model(steps, {}, (2, 3, 3), opset=17), ["input"], "logits"), 1)
    photo = np.abs(noise((1, 2, 3, 3))) * np.array([1, -1], np.float32).reshape(1, 2, 1, 1)  # the second map is silent
    x = torch.tensor(photo, requires_grad=True)
    torch.relu(x)[:, :1].square().mean((2, 3)).sqrt().sum().backward()
    found = session.run([gradient_of("input")], {"input": photo, LOGIT_WEIGHTS: np.ones((1, 2), np.float32)})[0]
    assert x.grad is not None
    assert_close(found, x.grad.numpy())
    assert not found[0, 1].any()


def test_the_model_stays_as_it_is_and_its_outputs_come_first() -> None:
    for odd in ZOO.values():
        built = odd.model()
        before = built.SerializeToString()
        extended = backward(built, ["input"], "logits")
        assert built.SerializeToString() == before
        assert [output.name for output in extended.graph.output] == [odd.output, gradient_of("input")]
        feeds = {"input": noise((2, odd.channels, SIZE, SIZE)), LOGIT_WEIGHTS: noise((2, odd.classes))}
        plain = open_session(built, 1).run(None, {"input": feeds["input"]})[0]
        np.testing.assert_allclose(open_session(extended, 1).run(None, feeds)[0], plain, rtol=1e-5, atol=1e-6)


def test_only_steps_between_the_tensor_and_the_logits_are_differentiated() -> None:
    built = model(
        [
            node("Sin", "input", "odd"),
            node("Relu", "odd", "maps"),
            node("Flatten", "maps", "logits"),
            node("Sin", "logits", "end"),
        ],
        {},
        (1, 2, 2),
    )
    session = open_session(backward(built, ["maps"], "logits"), 1)
    weights = noise((1, 4))
    found = session.run([gradient_of("maps")], {"input": noise((1, 1, 2, 2)), LOGIT_WEIGHTS: weights})[0]
    np.testing.assert_array_equal(found, weights.reshape(1, 1, 2, 2))
    with pytest.raises(GradientError, match="the gradient cannot be led through the operator Sin"):
        backward(built, ["input"], "logits")


def test_nothing_is_added_that_leads_to_no_output() -> None:
    built = ZOO["strided"].model()
    slim, full = (backward(built, names, "logits") for names in (["input"], ["input", "k1", "k2", "k3"]))
    assert len(slim.graph.node) < len(full.graph.node)
    used = {name for each in slim.graph.node for name in each.input} | {output.name for output in slim.graph.output}
    assert all(used.intersection(each.output) for each in slim.graph.node)


@pytest.mark.parametrize(
    ("nodes", "asked", "told"),
    [
        ([node("Flatten", "input", "logits")], "elsewhere", "logits does not depend on elsewhere"),
        ([node("ReduceMean", "input axes", "m", keepdims=1), node("Flatten", "m", "logits")], "input", "over the pictures"),
        ([node("ReduceMean", "input", "m", keepdims=1), node("Flatten", "m", "logits")], "input", "over the pictures"),
        ([node("Flatten", "input", "f"), node("MatMul", "f line", "logits")], "input", "a MatMul has an input with one axis"),
        ([node("Clip", "input low", "c"), node("Flatten", "c", "logits")], "low", "logits does not depend on low in a way"),
    ],
)
def test_what_has_no_gradient_is_refused_with_a_reason(nodes: list, asked: str, told: str) -> None:
    built = model(nodes, {"axes": np.array([0, 1]), "line": noise((4,)), "low": np.float32(0)}, (1, 2, 2))
    if nodes[-1].op_type == "MatMul":
        built.graph.output[0].CopyFrom(helper.make_tensor_value_info("logits", 1, ["batch", 1]))
    with pytest.raises(GradientError, match=told):
        backward(built, [asked], "logits")


def test_shapes_must_be_fixed_but_for_the_number_of_pictures() -> None:
    built = model([node("GlobalAveragePool", "input", "m"), node("Flatten", "m", "logits")], {}, (3, 2, 2))
    built.graph.input[0].type.tensor_type.shape.dim[3].dim_param = "width"
    with pytest.raises(GradientError, match="the shape of the tensor input is not fixed in the graph"):
        backward(built, ["input"], "logits")


def test_what_follows_an_operator_of_unknown_shape_is_refused() -> None:
    built = model(
        [node("Mystery", "input", "maps", domain="x"), node("Flatten", "maps", "f"), node("MatMul", "f d", "logits")],
        {"d": noise((4, 2))},
        (1, 2, 2),
    )
    built.opset_import.append(helper.make_opsetid("x", 1))
    with pytest.raises(GradientError, match="the shape of the tensor logits is not fixed in the graph"):
        backward(built, ["maps"], "logits")


def test_a_pooling_that_already_tells_its_winners_is_taken_as_it_is() -> None:
    pool = node("MaxPool", "input", "p", kernel_shape=[3, 3], strides=[2, 2])
    plain, telling = (model([each, node("Flatten", "p", "logits")], {}, (1, 5, 5)) for each in (pool, pool))
    telling.graph.node[0].output.append("winners")
    feeds = {"input": noise((1, 1, 5, 5)), LOGIT_WEIGHTS: noise((1, 4))}
    found, expected = (open_session(backward(each, ["input"], "logits"), 1).run(None, feeds)[-1] for each in (telling, plain))
    np.testing.assert_array_equal(found, expected)


def test_every_supported_operator_that_computes_has_a_rule() -> None:
    assert set(RULES) == set(OPERATORS) - {"Constant"}


def test_windows_over_one_axis_are_refused() -> None:
    built = model(
        [node("Reshape", "input s", "line"), node("MaxPool", "line", "p", kernel_shape=[2]), node("Flatten", "p", "logits")],
        {"s": np.array([-1, 1, 4])},
        (1, 2, 2),
    )
    with pytest.raises(GradientError, match="MaxPool slides over 1 axes"):
        backward(built, ["input"], "logits")
