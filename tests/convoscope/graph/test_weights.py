import numpy as np
import pytest
from onnx import numpy_helper

from convoscope.graph.tap import tap
from convoscope.graph.weights import adjustable
from convoscope.network import open_session
from tests.convoscope.zoo import SIZE, ZOO, Odd
from tests.graphs import noise


@pytest.mark.parametrize("odd", ZOO.values(), ids=ZOO)
def test_without_other_values_nothing_changes(odd: Odd) -> None:
    batch = noise((2, odd.channels, SIZE, SIZE))
    plain = open_session(tap(odd.model()), 1).run(None, {"input": batch})
    opened = open_session(adjustable(tap(odd.model())), 1).run(None, {"input": batch})
    for expected, found in zip(plain, opened, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("odd", [odd for odd in ZOO.values() if odd.weights], ids=[name for name in ZOO if ZOO[name].weights])
def test_other_values_give_what_a_model_with_these_values_gives(odd: Odd) -> None:
    batch = noise((2, odd.channels, SIZE, SIZE))
    model, changed = odd.model(), odd.model()
    feeds = {}
    for tensor in changed.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.float32 and values.ndim:
            values = (values * 0.5 + 0.01).astype(np.float32)
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
            feeds[tensor.name] = values
    assert feeds
    expected = open_session(tap(changed), 1).run(None, {"input": batch})
    found = open_session(adjustable(tap(model)), 1).run(None, {"input": batch, **feeds})
    plain = open_session(tap(model), 1).run(None, {"input": batch})
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-4, atol=1e-5)
    assert np.abs(found[-1] - plain[-1]).max() > 1e-3


def test_the_model_itself_stays_as_it_is() -> None:
    model = ZOO["old"].model()
    before = model.SerializeToString()
    adjustable(model)
    assert model.SerializeToString() == before
