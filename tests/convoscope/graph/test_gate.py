import numpy as np
import pytest
from onnx import numpy_helper

from convoscope.graph.backward import LOGIT_WEIGHTS, backward, gradient_of
from convoscope.graph.gate import gain_of, gate
from convoscope.graph.reading import GraphError
from convoscope.graph.tap import tap
from convoscope.graph.weights import adjustable
from convoscope.network import open_session
from tests.convoscope.zoo import RESIDUAL, SIZE, STRIDED, ZOO, Odd
from tests.graphs import noise


def gated_tensors(odd: Odd) -> list[str]:
    """All but the answers."""
    return [name for layer in odd.layers.values() for name in layer if name not in ("logits", "probabilities")]


@pytest.mark.parametrize("odd", ZOO.values(), ids=ZOO)
def test_without_gains_nothing_changes(odd: Odd) -> None:
    batch = noise((2, odd.channels, SIZE, SIZE))
    plain = open_session(tap(odd.model()), 1).run(None, {"input": batch})
    gated = open_session(gate(tap(odd.model()), gated_tensors(odd)), 1).run(None, {"input": batch})
    for one, other in zip(gated, plain, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_a_gain_scales_its_channel() -> None:
    gains, changed = np.abs(noise((1, 4), 3)), STRIDED.model()
    for tensor in changed.graph.initializer:
        if tensor.name in ("k1", "b1"):  # what comes out of the first convolution is linear in these
            values = numpy_helper.to_array(tensor)
            scaled = values * gains.reshape(-1, *(1 for _ in values.shape[1:]))
            tensor.CopyFrom(numpy_helper.from_array(scaled.astype(np.float32), tensor.name))
    batch = noise((2, 3, SIZE, SIZE))
    expected = open_session(tap(changed), 1).run(None, {"input": batch})
    for tensor in ("conv1", "relu1"):  # gains of 0 and more and ReLU change places
        session = open_session(gate(tap(STRIDED.model()), [tensor]), 1)
        found = session.run(None, {"input": batch, gain_of(tensor): gains})
        for one, other in zip(found[1:], expected[1:], strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("odd", ZOO.values(), ids=ZOO)
def test_variants_of_one_picture_are_answered_in_one_run(odd: Odd) -> None:
    photo = noise((1, odd.channels, SIZE, SIZE))
    tensors = gated_tensors(odd)
    session = open_session(gate(odd.model(), tensors), 1)
    sizes = {each.name: each.shape[1] for each in session.get_overridable_initializers()}
    for tensor in tensors:
        gains = noise((3, sizes[gain_of(tensor)]), 5)
        (together,) = session.run(None, {"input": photo, gain_of(tensor): gains})
        assert len(together) == 3
        for one, alone in zip(together, gains, strict=True):
            np.testing.assert_allclose(
                one, session.run(None, {"input": photo, gain_of(tensor): alone[None]})[0][0], rtol=1e-4, atol=1e-5
            )
        (pictures,) = session.run(None, {"input": np.repeat(photo, 3, 0), gain_of(tensor): gains})
        np.testing.assert_allclose(pictures, together, rtol=1e-4, atol=1e-5)


def test_a_channel_with_gain_0_is_silent_in_what_is_tapped() -> None:
    session = open_session(gate(tap(RESIDUAL.model()), ["conv1"]), 1)
    gains = np.float32([[1, 1, 0, 1]])
    (maps,) = session.run(["conv1"], {"input": noise((1, 3, SIZE, SIZE)), gain_of("conv1"): gains})
    assert [bool(each.any()) for each in maps[0]] == [True, True, False, True]


def test_gates_weights_and_gradients_go_together() -> None:
    """The gradient with respect to a gain, for each variant, against a small change of the gain."""
    photo, weights = noise((1, 3, SIZE, SIZE)), noise((1, 5), 1)
    extended = backward(gate(adjustable(tap(STRIDED.model())), ["leaky"]), [gain_of("leaky"), "input"], "logits")
    session = open_session(extended, 1)
    gains = np.abs(noise((3, 6), 2))
    feeds = {"input": np.repeat(photo, 3, 0), LOGIT_WEIGHTS: np.repeat(weights, 3, 0), "k3": noise((9, 2, 3, 3), 9)}

    def score(changed: np.ndarray) -> np.ndarray:
        return session.run(["logits"], {**feeds, gain_of("leaky"): changed})[0].astype(np.float64) @ weights[0]

    (found,) = session.run([gradient_of(gain_of("leaky"))], {**feeds, gain_of("leaky"): gains})
    assert found.shape == (3, 6)
    for channel in range(6):
        change = np.float32(0.01) * np.eye(6, dtype=np.float32)[channel]
        slope = (score(gains + change) - score(gains - change)) / 0.02
        np.testing.assert_allclose(found[:, channel], slope, atol=0.03 * np.abs(found).max())


def test_a_tensor_that_is_not_computed_is_refused() -> None:
    with pytest.raises(GraphError, match="its graph computes no tensor elsewhere"):
        gate(STRIDED.model(), ["elsewhere"])


def test_the_model_itself_stays_as_it_is() -> None:
    built = STRIDED.model()
    before = built.SerializeToString()
    gate(built, ["relu1"])
    assert built.SerializeToString() == before
