from pathlib import Path

import numpy as np
import onnx
import pytest

from convoscope.graph.tap import tap
from convoscope.network import open_session
from tests.convoscope.zoo import SIZE, ZOO, Odd
from tests.graphs import noise

SHAPES = Path(__file__).parents[3] / "models" / "shapes" / "model.onnx"


@pytest.mark.parametrize("odd", ZOO.values(), ids=ZOO)
def test_every_computed_tensor_becomes_an_output_in_the_order_of_the_graph(odd: Odd) -> None:
    tapped = tap(odd.model())
    made = [tensor for layer in odd.layers.values() for tensor in layer]
    assert [output.name for output in tapped.graph.output] == made


@pytest.mark.parametrize("odd", ZOO.values(), ids=ZOO)
def test_tapping_leaves_the_model_as_it_is(odd: Odd) -> None:
    model = odd.model()
    before = model.SerializeToString()
    tapped = tap(model)
    assert model.SerializeToString() == before
    assert tapped.graph.node == model.graph.node
    assert tapped.graph.initializer == model.graph.initializer


@pytest.mark.parametrize("odd", ZOO.values(), ids=ZOO)
def test_the_tapped_model_computes_the_same_output(odd: Odd) -> None:
    batch = noise((2, odd.channels, SIZE, SIZE))
    (plain,) = open_session(odd.model(), 1).run(None, {"input": batch})
    (tapped,) = open_session(tap(odd.model()), 1).run([odd.output], {"input": batch})
    np.testing.assert_allclose(tapped, plain, rtol=1e-5, atol=1e-5)


def test_tapping_twice_changes_nothing() -> None:
    once = tap(onnx.load(SHAPES))
    assert tap(once) == once


def test_a_declared_output_keeps_its_declaration() -> None:
    model = onnx.load(SHAPES)
    (declared,) = model.graph.output
    assert declared.type.tensor_type.shape.dim[0].dim_param == "batch"
    assert tap(model).graph.output[-1] == declared
