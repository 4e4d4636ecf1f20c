from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import mahalanobis
from scipy.stats import entropy as scipys_entropy

from convoscope import drawings
from convoscope.card import Limit, ModelError, Novelty, read_card
from convoscope.novelty import SILENT, beyond, distance, doubt, entropy, score, strengths, watched
from convoscope.photo import from_pixels
from convoscope.prepare import centre_crop, prepare
from tests import shipped
from tests.convoscope.zoo import ZOO
from tests.graphs import noise, prepared

NOVELTY = Novelty(
    measured_on="a test",
    false_warnings=0.1,
    unsure=Limit(value=0.5, spread=0.25),
    unlike=Limit(value=3.0, spread=1.5),
    mean=(1.0, 2.0),
    whitening=((1.0, 0.0), (0.0, 2.0)),
)


def test_entropy_is_scipys_and_knows_certainty() -> None:
    shares = np.random.default_rng(0).dirichlet(np.ones(7), 5)
    np.testing.assert_allclose(entropy(shares), scipys_entropy(shares, axis=1))
    np.testing.assert_allclose(entropy(np.array([[0.0, 1, 0], [0.5, 0.5, 0]])), [0, np.log(2)], atol=1e-12)


def test_strengths_by_hand() -> None:
    maps = np.array([[[[0, 4], [0, 0]], [[2, 2], [-2, 2]]]], np.float32)  # two channels; one value is negative
    ones = np.ones((1, 3, 1, 5), np.float32)
    np.testing.assert_allclose(strengths([maps, ones]), np.log([[12 / 8 + SILENT, 1 + SILENT, 3 + SILENT, 1 + SILENT]]))


def test_the_distance_is_mahalanobiss() -> None:
    rng = np.random.default_rng(0)
    seen = rng.normal(size=(50, 3)) @ rng.normal(size=(3, 3))
    inverse = np.linalg.inv(np.cov(seen.T))
    found = distance(seen, seen.mean(0), np.linalg.cholesky(inverse))
    np.testing.assert_allclose(found, [mahalanobis(row, seen.mean(0), inverse) for row in seen])


def test_doubts_are_counted_in_spreads_from_their_limits() -> None:
    shares = np.array([[0.5, 0.5], [1.0, 0.0]])
    seen = np.array([[1.0, 2.0], [1.0, 5.0]])  # at the mean, and 3 × 2 from it
    np.testing.assert_allclose(beyond(NOVELTY, shares, seen), [[(np.log(2) - 0.5) / 0.25, -2], [-2, 2]])


def test_unlike_counts_beyond_its_limit_only() -> None:
    doubts = np.array([[-1.0, -0.1], [-1.0, 0.5], [2.0, 0.5], [1.0, 3.0], [0.2, -4.0]])
    np.testing.assert_allclose(score(doubts), [-1, 0.5, 2, 3, 0.2])


@pytest.mark.parametrize("name", ["photo", "shapes"])
def test_a_photo_is_doubted_as_a_batch_is(name: str) -> None:
    network = shipped.network(name)
    assert network.card.novelty
    trace = network.trace(prepared(network.card.preprocessing))
    found = doubt(network, trace)
    assert found
    seen = strengths([trace.values(stage)[None] for stage in watched(network)])
    (row,) = beyond(network.card.novelty, trace.prediction.probabilities[None], seen)
    assert (found.unsure, found.unlike) == tuple(row)
    assert found.warns == (score(row[None])[0] > 0)


@pytest.mark.parametrize("name", ["photo", "shapes"])
@pytest.mark.parametrize("what", ["noise", "black", "white"])
def test_pictures_of_nothing_are_doubted(name: str, what: str) -> None:
    network = shipped.network(name)
    grain = np.random.default_rng(5).integers(0, 256, (100, 100, 3), dtype=np.uint8)
    pixels = {"noise": grain, "black": 0 * grain, "white": 0 * grain + 255}[what]
    shown = from_pixels(pixels, "a test")
    found = doubt(network, network.trace(prepare(shown, centre_crop(shown), network.card.preprocessing)))
    assert found
    assert found.warns


def test_a_good_drawing_is_not_doubted() -> None:
    network = shipped.network("shapes")
    wrong = 0
    for seed in range(40):
        shown = from_pixels(drawings.draw("star", 128, np.random.default_rng(seed))[..., None].repeat(3, 2), "a test")
        found = doubt(network, network.trace(prepare(shown, centre_crop(shown), network.card.preprocessing)))
        assert found
        wrong += found.warns
    assert wrong <= 12


def test_each_layer_with_maps_is_watched_after_its_relu(tmp_path: Path) -> None:
    assert [stage.tensor for stage in watched(shipped.network("shapes"))] == ["relu1", "relu2", "relu3"]
    for name, odd in ZOO.items():
        network = odd.load(tmp_path / name)
        trace = network.trace(prepared(network.card.preprocessing))
        assert np.isfinite(strengths([trace.values(stage)[None] for stage in watched(network)])).all()


def test_without_limits_nothing_is_doubted(tmp_path: Path) -> None:
    network = ZOO["old"].load(tmp_path / "old")
    assert network.card.novelty is None
    assert doubt(network, network.trace(prepared(network.card.preprocessing))) is None


def test_limits_of_another_network_are_named() -> None:
    network = shipped.network("shapes")
    other = replace(network, card=network.card.model_copy(update={"novelty": NOVELTY}))
    with pytest.raises(ModelError, match=r"^shapes/card.json, novelty: 2 strengths, but the graph has 6\.$"):
        doubt(other, network.trace(prepared(network.card.preprocessing)))


@pytest.mark.parametrize("rows", [((1.0,), (0.0, 2.0)), ((1.0, 0.0),), ()], ids=["ragged", "too few", "none"])
def test_the_whitening_is_a_square(rows: tuple[tuple[float, ...], ...]) -> None:
    with pytest.raises(ValueError, match="whitening is not 2 rows of 2 numbers, as many as mean has"):
        Novelty(**(NOVELTY.model_dump() | {"whitening": rows}))


def test_strengths_do_not_depend_on_the_batch() -> None:
    maps = [np.abs(noise((4, 3, 5, 5), seed)) for seed in range(2)]
    alone = np.concatenate([strengths([each[at : at + 1] for each in maps]) for at in range(4)])
    np.testing.assert_array_equal(strengths(maps), alone)


def test_the_shipped_limits_are_those_of_the_card() -> None:
    for name in ("photo", "shapes"):
        novelty = read_card(shipped.MODELS / name).novelty
        assert novelty
        assert novelty.false_warnings == pytest.approx(0.08, abs=0.002)
