import numpy as np
import pytest

from convoscope.graph.show import show
from convoscope.network import open_session
from tests.convoscope.zoo import SIZE, ZOO, Odd
from tests.graphs import noise


@pytest.mark.parametrize("odd", ZOO.values(), ids=ZOO)
def test_the_tensors_asked_for_are_the_outputs(odd: Odd) -> None:
    built = odd.model()
    before = built.SerializeToString()
    batch = noise((2, odd.channels, SIZE, SIZE))
    maps, logits = open_session(show(built, ["conv1", "logits", "conv1"]), 1).run(None, {"input": batch})
    assert built.SerializeToString() == before
    twins = odd.expected(batch)
    np.testing.assert_allclose(maps, twins["conv1"].numpy(), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(logits, twins["logits"].numpy(), rtol=1e-4, atol=1e-4)
