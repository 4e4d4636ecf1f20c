import numpy as np
import pytest

from convoscope.evidence import linear_head
from convoscope.why.channels import speakers
from convoscope.why.question import Question
from tests import shipped
from tests.convoscope.why.networks import network
from tests.graphs import prepared


@pytest.mark.parametrize("name", shipped.NAMES)
def test_channels_and_positions_add_up_to_the_score(name: str) -> None:
    loaded = network(name)
    head = linear_head(loaded)
    assert head is not None
    for seed in range(3):
        trace = loaded.trace(prepared(loaded.card.preprocessing, seed))
        for question in (Question(seed), Question(seed, 5)):
            found = speakers(head, trace, question)
            score = float(question.score(trace.prediction.logits))
            assert abs(found.score - score) <= 1e-6 * (np.abs(found.values).sum() + abs(found.bias))
            assert found.totals.sum() == pytest.approx(found.map.sum())
            assert found.map.shape == head.stage.shape[1:]
        alone = speakers(head, trace, Question(1))
        np.testing.assert_allclose(alone.map, head.evidence(trace, 1).values, atol=1e-9)


def test_those_for_and_those_against_are_ranked() -> None:
    head = linear_head(network("photo"))
    assert head is not None
    found = speakers(head, network("photo").trace(prepared(network("photo").card.preprocessing)), Question(7))
    assert sorted([*found.pro, *found.contra]) == sorted(np.flatnonzero(found.totals))
    assert (np.diff(found.totals[list(found.pro)]) <= 0).all()
    assert (np.diff(found.totals[list(found.contra)]) >= 0).all()
    assert found.totals[found.pro[0]] == found.totals.max() > 0 > found.totals[found.contra[0]] == found.totals.min()
