from dataclasses import replace

import numpy as np
import pytest
from onnx import numpy_helper

from convoscope.graph.tap import tap
from convoscope.graph.weights import adjustable
from convoscope.network import open_session
from convoscope.why.question import Question
from convoscope.why.switches import open_leave_one_out, open_switchboard, switched_stages
from tests import shipped
from tests.convoscope.why.networks import ALL, network, photo
from tests.convoscope.zoo import ZOO


@pytest.mark.parametrize("name", ALL)
def test_with_all_switches_on_the_answer_is_as_ever(name: str) -> None:
    board, x = open_switchboard(network(name)), photo(name)
    expected = network(name).logits(x)
    np.testing.assert_allclose(board.answer(x, {}), expected, rtol=1e-4, atol=1e-5)
    ones = {stage.tensor: np.ones((1, stage.shape[0])) for stage in board.stages}
    np.testing.assert_allclose(board.answer(x, ones), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ALL)
def test_with_a_layer_off_the_answer_no_longer_depends_on_the_photo(name: str) -> None:
    board = open_switchboard(network(name))
    way_round = {
        "residual": ("relu2", "side"),
        "curved": ("less", "bent", "more", "gate"),
        "responsive": [name for name in ZOO["responsive"].layers["conv1"] if name not in ("conv1", "kept", "gated", "pooled")],
    }.get(name, ())
    for stage in (stage for stage in board.stages if stage.tensor not in way_round):
        off = {stage.tensor: np.zeros((1, stage.shape[0]))}
        np.testing.assert_allclose(board.answer(photo(name), off), board.answer(photo(name, 1), off), atol=1e-5)


def test_each_layer_but_the_last_has_switches_behind_its_relu_or_what_is_in_its_place() -> None:
    for name in shipped.NAMES:
        relus = [stage for stage in network(name).stages if stage.operator == "Relu"]
        assert list(switched_stages(network(name))) == relus
    assert [stage.tensor for stage in switched_stages(network("residual"))] == ["relu1", "relu2", "side"]
    assert [stage.tensor for stage in switched_stages(network("old"))] == ["clip"]


def test_variants_are_answered_together() -> None:
    board, x = open_switchboard(network("shapes")), photo("shapes")
    gains = np.random.default_rng(0).uniform(0, 2, (40, 8))
    together = board.answer(x, {"relu1": np.ones((1, 8)), "relu2": gains})
    assert together.shape == (40, 7)
    for row, one in zip(together, gains, strict=True):
        np.testing.assert_allclose(board.answer(x, {"relu2": one[None]})[0], row, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("gains", "told"),
    [
        ({"logits": np.ones((1, 7))}, "logits has no switches"),
        ({"relu1": np.ones((1, 7))}, r"gains for relu1 are of shape \(1, 7\); they must be \(variants, 8\)"),
        ({"relu1": np.ones(8)}, r"gains for relu1 are of shape \(8,\)"),
        ({"relu1": np.ones((2, 8)), "relu2": np.ones((3, 8))}, "gains are for 2 and 3 variants"),
    ],
)
def test_gains_that_fit_nothing_are_refused(gains: dict[str, np.ndarray], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        open_switchboard(network("shapes")).answer(photo("shapes"), gains)


@pytest.mark.parametrize("name", shipped.NAMES)
def test_leaving_one_out_is_switching_it_off(name: str) -> None:
    loaded, x, question = network(name), photo(name), Question(1)
    board = open_switchboard(loaded)
    for stage in (board.stages[0], board.stages[-1]):
        found = open_leave_one_out(loaded, stage).of(x)
        expected = board.answer(x, {stage.tensor: 1 - np.eye(stage.shape[0])})
        np.testing.assert_allclose(found.without, expected, atol=1e-4 * np.abs(expected).max())
        np.testing.assert_allclose(found.logits, loaded.logits(x)[0])
        drops = found.drops(question)
        np.testing.assert_allclose(drops, found.logits[1] - found.without[:, 1])
        assert found.ranked(question)[0] == drops.argmax()
        assert found.ranked(question)[-1] == drops.argmin()
        assert found.turning == tuple(
            channel for channel, row in enumerate(found.without) if row.argmax() != found.logits.argmax()
        )


def test_leaving_one_out_while_others_are_switched_is_a_variant_of_its_own() -> None:
    board, x = open_switchboard(network("shapes")), photo("shapes")
    first, second, _ = board.stages
    rng = np.random.default_rng(0)
    gains = {stage.tensor: rng.uniform(0, 2, (1, 8)) for stage in (first, second)}
    found = board.without_each(x, second, gains)
    np.testing.assert_allclose(found.logits, board.answer(x, gains)[0])
    for channel in range(8):
        silent = gains[second.tensor].copy()
        silent[0, channel] = 0
        np.testing.assert_allclose(
            found.without[channel], board.answer(x, {**gains, second.tensor: silent})[0], rtol=1e-3, atol=1e-3
        )


def test_a_moment_of_training_has_switches_of_its_own() -> None:
    final = network("shapes")
    values = {each.name: numpy_helper.to_array(each) for each in final.model.graph.initializer}
    weights = {name: value * np.float32(0.5) for name, value in values.items() if value.dtype == np.float32}
    early = replace(final, session=open_session(adjustable(tap(final.model)), 1), weights=weights, moment="early")
    x = photo("shapes")
    np.testing.assert_allclose(open_switchboard(early).answer(x, {}), early.logits(x), rtol=1e-4)
    dependence = open_leave_one_out(early, switched_stages(early)[1]).of(x)
    gains = 1 - np.eye(8)
    np.testing.assert_allclose(dependence.without, open_switchboard(early).answer(x, {"relu2": gains}), rtol=1e-3, atol=1e-4)
