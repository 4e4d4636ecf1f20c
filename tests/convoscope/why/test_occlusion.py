import numpy as np
import pytest

from convoscope.why.occlusion import colour, occlude, places
from convoscope.why.question import AT_ONCE, Question
from convoscope.why.surgery import lean
from tests.convoscope.why.networks import ALL, network, photo


@pytest.mark.parametrize("name", ALL)
def test_each_drop_is_what_covering_that_patch_costs(name: str) -> None:
    loaded, x, question = network(name), photo(name), Question(2, 1)
    side = x.shape[-1]
    found = list(occlude(lean(loaded), x, question, patch=side // 3, stride=side // 4))[-1]
    assert found.done == 1
    score = float(question.score(loaded.logits(x))[0])
    assert found.score == pytest.approx(score, rel=1e-4, abs=1e-5)
    for row, column in ((0, 0), (1, 2), (len(found.tops) - 1, len(found.lefts) - 1)):
        covered = x.copy()
        top, left = found.tops[row], found.lefts[column]
        covered[0, :, top : top + found.patch, left : left + found.patch] = 0
        expected = score - float(question.score(loaded.logits(covered))[0])
        assert found.drops[row, column] == pytest.approx(expected, rel=1e-3, abs=1e-4)


def test_progress_rises_to_the_whole() -> None:
    steps = list(occlude(network("shapes"), photo("shapes"), Question(0), patch=8, stride=4))
    assert [each.done for each in steps] == pytest.approx([min(1, AT_ONCE * (at + 1) / 49) for at in range(-(-49 // AT_ONCE))])
    first = steps[0].values
    assert first.shape == (32, 32)
    assert not first[-1].any()  # no patch has been there yet


def test_a_pixel_has_the_mean_of_the_patches_that_covered_it() -> None:
    found = list(occlude(network("shapes"), photo("shapes"), Question(0), patch=20, stride=12))[-1]
    assert found.tops == found.lefts == (0, 12)
    np.testing.assert_allclose(found.values[0, 0], found.drops[0, 0])
    np.testing.assert_allclose(found.values[15, 15], found.drops.mean())
    np.testing.assert_allclose(found.values[0, 15], found.drops[0].mean())


@pytest.mark.parametrize(("side", "patch", "stride"), [(64, 12, 4), (9, 3, 2), (10, 4, 4), (5, 5, 1), (7, 1, 7)])
def test_the_last_patch_ends_with_the_photo(side: int, patch: int, stride: int) -> None:
    found = places(side, patch, stride)
    assert found[0] == 0
    assert found[-1] == side - patch
    assert all(0 < step <= stride for step in np.diff(found))


@pytest.mark.parametrize(("patch", "stride"), [(0, 1), (33, 1), (4, 0), (4, 33)])
def test_a_patch_that_does_not_fit_is_refused(patch: int, stride: int) -> None:
    with pytest.raises(ValueError, match="patch and stride must be 1 to 32 pixels"):
        next(occlude(network("shapes"), photo("shapes"), Question(0), patch, stride))


def test_what_covers_is_not_seen_itself() -> None:
    x, known = photo("shapes"), network("shapes").card.preprocessing
    assert colour(x, known).tolist() == [0] * x.shape[1]
    unknown = known.model_copy(update={"mean": (0.0,) * x.shape[1]})
    np.testing.assert_allclose(colour(x, unknown), x[0].mean((1, 2)))
