from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from onnx import numpy_helper

from convoscope.graph.backward import GradientError
from convoscope.graph.tap import tap
from convoscope.graph.weights import adjustable
from convoscope.network import load, open_session
from convoscope.why.gradients import open_gradients
from convoscope.why.question import Question
from tests import shipped
from tests.convoscope.why.networks import ALL, network, photo
from tests.convoscope.zoo import SIZE, STRIDED
from tests.graphs import card, noise, write

QUESTIONS = (Question(0), Question(3, 1))


@pytest.mark.parametrize("name", [name for name in ALL if name != "old"])  # which pools values that a Clip made equal
def test_the_gradient_foretells_what_a_small_change_does(name: str) -> None:
    gradients = open_gradients(network(name))
    x = noise(photo(name).shape)  # no two equal neighbours, between which a pooling would change sides
    for question in QUESTIONS:
        found = gradients.of(x, question)
        step = (found.photo / np.linalg.norm(found.photo)).astype(np.float32) * np.float32(1e-3)
        up, down = (question.score(network(name).logits(x + sign * step))[0] for sign in (1, -1))
        assert up - down == pytest.approx(2 * float((step * found.photo).sum()), rel=0.05)
        assert found.scores[0] == pytest.approx(question.score(network(name).logits(x))[0], rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("name", shipped.NAMES)
def test_values_and_gradients_of_other_tensors_belong_to_the_same_run(name: str) -> None:
    stages = [stage for stage in network(name).stages if stage.operator == "Relu"]
    gradients = open_gradients(network(name), [stage.tensor for stage in stages])
    both = np.concatenate([photo(name), photo(name, 1)])
    found = gradients.of(both, Question(2))
    for stage in stages:
        assert found.values[stage.tensor].shape == found.gradients[stage.tensor].shape == (2, *stage.shape)
        alone = gradients.of(both[1:], Question(2))
        np.testing.assert_allclose(found.values[stage.tensor][1:], alone.values[stage.tensor], rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(found.gradients[stage.tensor][1:], alone.gradients[stage.tensor], rtol=1e-3, atol=1e-4)


def test_a_moment_of_training_has_gradients_of_its_own() -> None:
    final = network("shapes")
    values = {each.name: numpy_helper.to_array(each) for each in final.model.graph.initializer}
    weights = {name: value * np.float32(0.5) for name, value in values.items() if value.dtype == np.float32}
    early = replace(final, session=open_session(adjustable(tap(final.model)), 1), weights=weights, moment="early")
    x = photo("shapes")
    found = open_gradients(early).of(x, Question(0))
    assert found.scores[0] == pytest.approx(early.logits(x)[0, 0], rel=1e-4)
    assert np.abs(found.photo - open_gradients(final).of(x, Question(0)).photo).max() > 1e-3


def test_a_tensor_that_is_not_on_the_way_is_refused() -> None:
    with pytest.raises(GradientError, match="logits does not depend on probabilities"):
        open_gradients(network("residual"), ["probabilities"])


def test_a_graph_that_takes_photos_of_any_size_is_differentiated_at_the_size_on_its_card(tmp_path: Path) -> None:
    built = STRIDED.model()
    for side in built.graph.input[0].type.tensor_type.shape.dim[2:]:
        side.dim_param = "any"
    loaded = load(write(tmp_path, built, card(built, SIZE, 3, 5)))
    found, expected = (open_gradients(each).of(photo("strided"), Question(1)).photo for each in (loaded, network("strided")))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_a_session_for_a_layer_alone_gives_what_one_for_the_photo_too_gives() -> None:
    loaded, x, question = network("shapes"), photo("shapes"), Question(1)
    both, alone = (open_gradients(loaded, ["relu2"], photo=with_photo) for with_photo in (True, False))
    np.testing.assert_allclose(alone.of(x, question).gradients["relu2"], both.of(x, question).gradients["relu2"], rtol=1e-4)
    assert list(alone.of(x, question).gradients) == ["relu2"]
