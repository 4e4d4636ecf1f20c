import numpy as np
import pytest
from onnx import helper

from convoscope.graph.reading import GraphError, attribute, check_operators, computing_nodes, constants, input_name
from convoscope.graph.settle import settle
from tests.convoscope.zoo import DENSE, ZOO, Odd
from tests.graphs import constant, model, node, noise


def test_constants_are_initialisers_constant_nodes_and_their_other_names() -> None:
    weights = noise((2, 2))
    graph = model(
        [
            constant("c", np.array([1, 2])),
            helper.make_node("Constant", [], ["number"], value_float=0.5),
            helper.make_node("Constant", [], ["list"], value_ints=[3, 4]),
            node("Identity", "w", "same"),
            node("Identity", "same", "again"),
            node("Identity", "input", "computed"),
        ],
        {"w": weights},
        (1, 2, 2),
    ).graph
    found = constants(graph)
    assert set(found) == {"w", "c", "number", "list", "same", "again"}
    for name in ("w", "same", "again"):
        np.testing.assert_array_equal(found[name], weights)
    assert found["c"].tolist() == [1, 2]
    assert found["number"] == 0.5
    assert found["list"].tolist() == [3, 4]


def test_the_input_is_the_one_that_is_no_initialiser() -> None:
    graph = model([node("Relu", "input", "logits")], {"w": noise((1,))}, (1, 2, 2)).graph
    graph.input.append(helper.make_tensor_value_info("w", 1, [1]))
    assert input_name(graph) == "input"


@pytest.mark.parametrize("count", [0, 2, 3])
def test_one_input_and_no_other_number(count: int) -> None:
    graph = model([node("Relu", "input", "logits")], {}, (1, 2, 2)).graph
    del graph.input[:]
    graph.input.extend(helper.make_tensor_value_info(f"input{number}", 1, [1]) for number in range(count))
    with pytest.raises(GraphError, match=f"its graph has {count} inputs; an image classifier has one"):
        input_name(graph)


@pytest.mark.parametrize("odd", ZOO.values(), ids=ZOO)
def test_computing_nodes_depend_on_the_input(odd: Odd) -> None:
    made = [tensor for layer in odd.layers.values() for tensor in layer]
    assert [each.output[0] for each in computing_nodes(odd.model().graph)] == made


def test_what_is_made_of_weights_alone_is_not_computed() -> None:
    assert "turned" in {each.output[0] for each in DENSE.nodes}
    assert "turned" not in {each.output[0] for each in computing_nodes(DENSE.model().graph)}


def test_the_first_unsupported_operator_is_named() -> None:
    built = model([node("Relu", "input", "a"), node("Sin", "a", "b"), node("Tanh", "b", "logits")], {}, (1, 2, 2))
    with pytest.raises(GraphError, match="its graph uses the operator Sin, which is not supported"):
        check_operators(built)


def test_supported_operators_pass() -> None:
    for odd in ZOO.values():
        check_operators(settle(odd.model()))


def test_an_attribute_that_is_not_there_has_its_default() -> None:
    step = node("LeakyRelu", "input", "logits", alpha=0.25)
    assert attribute(step, "alpha", 0.01) == 0.25
    assert attribute(step, "beta", 0.01) == 0.01
