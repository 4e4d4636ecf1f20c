from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import ModelProto

from convoscope.graph.gate import gain_of, gate
from convoscope.graph.reading import GraphError
from convoscope.graph.silence import SILENT, silence
from convoscope.network import open_session
from tests.convoscope.graph.test_gate import gated_tensors
from tests.convoscope.zoo import SIZE, ZOO, Odd
from tests.graphs import noise

MODELS = Path(__file__).parents[3] / "models"


def assert_like_gains(built: ModelProto, tensor: str, photo: np.ndarray) -> None:
    """Silencing against gains of 0; and it matters which channel is silent."""
    gated, silenced = open_session(gate(built, [tensor]), 1), open_session(silence(built, tensor), 1)
    channels = gated.get_overridable_initializers()[0].shape[1]
    gains = 1 - np.eye(channels, dtype=np.float32)
    (expected,) = gated.run(None, {"input": photo, gain_of(tensor): gains})
    (found,) = silenced.run(None, {"input": photo, SILENT: np.arange(channels)})
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())
    some = np.array([channels - 1, 0])
    np.testing.assert_allclose(silenced.run(None, {"input": photo, SILENT: some})[0], found[some], rtol=1e-4, atol=1e-5)
    assert channels == 1 or np.ptp(expected, 0).max() > 1e-4


@pytest.mark.parametrize("odd", ZOO.values(), ids=ZOO)
def test_silencing_is_a_gain_of_nothing_in_odd_networks(odd: Odd) -> None:
    photo = noise((1, odd.channels, SIZE, SIZE))
    for tensor in gated_tensors(odd):
        assert_like_gains(odd.model(), tensor, photo)


@pytest.mark.parametrize("folder", sorted(path.parent for path in MODELS.glob("[!.]*/card.json")), ids=lambda path: path.name)
def test_silencing_is_a_gain_of_nothing_in_shipped_networks(folder: Path) -> None:
    built = onnx.load(folder / "model.onnx")
    sides = [each.dim_value for each in built.graph.input[0].type.tensor_type.shape.dim[1:]]
    tensors = [each.output[0] for each in built.graph.node if each.op_type in ("Relu", "MaxPool")]
    for tensor in (tensors[0], tensors[-1]):
        assert_like_gains(built, tensor, noise((1, *sides)))


def test_a_convolution_that_follows_is_computed_once() -> None:
    built = ZOO["strided"].model()
    for tensor, once in (("relu1", True), ("conv1", True), ("leaky", False), ("clip", False)):  # before groups; before no Conv
        steps = [each.op_type for each in silence(built, tensor).graph.node]
        assert (steps.count("Conv") == 4, steps.count("OneHot") == 1) == (once, not once)


def test_a_tensor_that_is_not_computed_is_refused() -> None:
    with pytest.raises(GraphError, match="its graph computes no tensor elsewhere"):
        silence(ZOO["dense"].model(), "elsewhere")
