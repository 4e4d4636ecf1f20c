import numpy as np
import pytest

from convoscope.why.pair import Pair, StagePair
from tests.convoscope.why.networks import ALL, network
from tests.graphs import prepared


@pytest.mark.parametrize("name", ALL)
def test_two_photos_are_compared_stage_by_stage(name: str) -> None:
    loaded = network(name)
    one, other = (prepared(loaded.card.preprocessing, seed) for seed in (0, 1))
    pair = Pair(loaded.trace(one), loaded.trace(other))
    assert [each.stage for each in pair.stages] == list(loaded.stages)
    np.testing.assert_allclose(pair.gains, loaded.predict(one).probabilities - loaded.predict(other).probabilities, atol=1e-6)
    for found in pair.stages:
        np.testing.assert_array_equal(found.difference, found.one - found.other)
        assert found.distances.shape == found.leaning.shape == (found.stage.shape[0],)
        assert found.distances[found.ranked[0]] == found.distances.max()
        assert 0 < found.share <= 1
    chosen = pair.at(next(iter(loaded.stages)))
    channel = chosen.ranked[0]
    assert chosen.distances[channel] == pytest.approx(np.sqrt(np.mean(chosen.difference[channel].astype(np.float64) ** 2)))
    assert chosen.leaning[channel] == pytest.approx(chosen.one[channel].mean() - chosen.other[channel].mean(), abs=1e-5)


def test_a_photo_does_not_differ_from_itself() -> None:
    trace = network("shapes").trace(prepared(network("shapes").card.preprocessing))
    pair = Pair(trace, trace)
    assert {found.share for found in pair.stages} == {0}
    assert not pair.gains.any()


def test_two_silent_stages_do_not_differ() -> None:
    stage = next(network("shapes").stages)
    assert StagePair(stage, *[np.zeros((8, 4, 4), np.float32)] * 2).share == 0
