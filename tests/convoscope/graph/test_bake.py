import numpy as np
import pytest

from convoscope.graph.bake import bake
from convoscope.graph.reading import constants
from convoscope.graph.tap import tap
from convoscope.graph.weights import adjustable
from convoscope.network import open_session
from tests.convoscope.zoo import SIZE, ZOO, Odd
from tests.graphs import noise


@pytest.mark.parametrize("odd", ZOO.values(), ids=ZOO)
def test_baked_values_are_those_of_the_graph(odd: Odd) -> None:
    built = odd.model()
    before = built.SerializeToString()
    values = {name: np.asarray(value * 0.5, np.float32) for name, value in (odd.weights | odd.fixed).items() if name[0] in "kd"}
    baked = bake(built, values)
    assert built.SerializeToString() == before
    found = constants(baked.graph)
    assert set(found) == set(constants(built.graph))
    for name, value in values.items():
        np.testing.assert_array_equal(found[name], value)
    batch = noise((2, odd.channels, SIZE, SIZE))
    (plain,), (other,) = (open_session(each, 1).run(None, {"input": batch}) for each in (built, baked))
    assert np.abs(plain - other).max() > 1e-3
    if not odd.fixed:  # an independent way to the same
        expected = open_session(adjustable(tap(built)), 1).run([odd.output], {"input": batch, **values})[0]
        np.testing.assert_allclose(other, expected, rtol=1e-4, atol=1e-5)
