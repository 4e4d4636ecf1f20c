import numpy as np
import pytest

from convoscope.why.question import AT_ONCE, Question, answers, batches
from convoscope.why.surgery import lean
from tests.convoscope.why.networks import ALL, network, photo
from tests.graphs import noise


def test_the_score_is_the_weighted_sum_of_the_logits() -> None:
    logits = noise((3, 5))
    for question in (Question(2), Question(4, 0), Question(1, 1)):
        np.testing.assert_allclose(question.score(logits), logits @ question.weights(5), atol=1e-6)
    np.testing.assert_array_equal(Question(4, 0).weights(5), [-1, 0, 0, 0, 1])


def test_batches_cover_everything_once() -> None:
    taken = [number for part in batches(AT_ONCE * 2 + 3) for number in range(part.start, part.stop)]
    assert taken == list(range(AT_ONCE * 2 + 3))


@pytest.mark.parametrize("name", ALL)
def test_answers_to_many_are_those_to_each(name: str) -> None:
    photos = np.concatenate([photo(name, seed) for seed in range(AT_ONCE + 2)])
    for each in (network(name), lean(network(name))):
        found = answers(each, photos)
        assert found.shape == (AT_ONCE + 2, len(each.card.classes))
        np.testing.assert_allclose(found[-1], network(name).logits(photos[-1:])[0], rtol=1e-4, atol=1e-5)
