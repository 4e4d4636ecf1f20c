import numpy as np
import pytest

from convoscope.network import softmax
from convoscope.photo import Photo
from convoscope.prepare import Crop, centre_crop, prepare
from convoscope.squares import look_several_times, squares
from tests import shipped
from tests.graphs import photo


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (photo(100, 160), {"closer": (40, 10, 80), "left end": (0, 0, 100), "right end": (60, 0, 100)}),
        (photo(160, 100), {"closer": (10, 40, 80), "upper end": (0, 0, 100), "lower end": (0, 60, 100)}),
        (photo(100, 109), {"closer": (14, 10, 80)}),
        (photo(1, 1), {"closer": (0, 0, 1)}),
        (photo(1, 9), {"closer": (4, 0, 1), "left end": (0, 0, 1), "right end": (8, 0, 1)}),
    ],
    ids=["oblong", "upright", "nearly square", "a pixel", "a line"],
)
def test_the_squares_lie_where_they_are_said_to(shown: Photo, expected: dict[str, tuple[int, int, int]]) -> None:
    found = squares(shown, centre_crop(shown))
    assert found.pop("the square") == centre_crop(shown)
    assert found == {title: Crop(*square) for title, square in expected.items()}


def test_of_a_square_that_was_chosen_only_closer_ones_are_looked_at() -> None:
    assert squares(photo(100, 160), Crop(7, 3, 50)) == {"the square": Crop(7, 3, 50), "closer": Crop(12, 8, 40)}


@pytest.mark.parametrize("model", ["photo", "shapes"])
def test_each_look_is_what_the_network_says_of_that_square(model: str) -> None:
    network, shown = shipped.network(model), photo(60, 90)
    found = look_several_times(network, shown, centre_crop(shown))
    assert [look.title for look in found.looks][::2] == ["the square", "closer", "left end", "right end"]
    for plain, mirrored in zip(found.looks[::2], found.looks[1::2], strict=True):
        made = prepare(shown, plain.prepared.crop, network.card.preprocessing)
        np.testing.assert_allclose(plain.prediction.logits, network.predict(made).logits, rtol=1e-4, atol=1e-4)
        assert mirrored.title == f"{plain.title}, mirrored"
        assert mirrored.prepared.crop == plain.prepared.crop
        np.testing.assert_array_equal(mirrored.prepared.resized, made.resized[:, ::-1])
        np.testing.assert_allclose(mirrored.prediction.logits, network.predict(mirrored.prepared).logits, rtol=1e-4, atol=1e-4)
        assert mirrored.prediction.logits.tolist() != plain.prediction.logits.tolist()


def test_the_average_is_of_the_logits_and_agreement_is_counted() -> None:
    network, shown = shipped.network("photo"), shipped.sample("cat")
    found = look_several_times(network, shown, centre_crop(shown))
    logits = np.mean([look.prediction.logits for look in found.looks], axis=0)
    np.testing.assert_allclose(found.average.logits, logits)
    np.testing.assert_allclose(found.average.probabilities, softmax(logits / network.card.temperature))
    best = [look.prediction.best.name for look in found.looks]
    assert found.agreeing == best.count(found.average.best.name) < len(best)
