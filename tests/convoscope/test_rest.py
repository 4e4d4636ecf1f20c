from pathlib import Path

import numpy as np
import pytest

from convoscope.arithmetic import Sum, Weighted
from convoscope.recipe import Workings
from convoscope.rest import strongest
from tests.convoscope.zoo import ZOO
from tests.graphs import prepared


def sums(folder: Path, name: str) -> list[Weighted]:
    """The recipe of the last channel of every sum of several maps."""
    network = ZOO[name].load(folder / name)
    made = prepared(network.card.preprocessing)
    found = Workings(network, made, network.trace(made))
    recipes = [found.recipe(stage, stage.shape[0] - 1) for stage in network.stages]
    return [recipe for recipe in recipes if isinstance(recipe, Weighted) and len(recipe.maps) > 1]


@pytest.mark.parametrize("name", ZOO)
def test_what_is_picked_out_and_the_rest_make_the_whole(name: str, tmp_path: Path) -> None:
    recipes = sums(tmp_path, name)
    assert recipes
    for recipe in recipes:
        for most in (1, len(recipe.maps) - 1):
            shown, rest = strongest(recipe, most)
            assert (len(shown), rest.count) == (most, len(recipe.maps) - most)
            for y, x in np.ndindex(recipe.values.shape):
                whole = recipe.at(y, x)
                terms = [whole.terms[at] for at in shown]
                total = sum(term.subtotal for term in terms) + rest.sums[y, x]
                magnitude = sum(term.magnitude for term in terms) + rest.magnitudes[y, x]
                assert total + recipe.bias == pytest.approx(whole.value, abs=1e-9 * whole.magnitude)
                assert magnitude + abs(recipe.bias) == pytest.approx(whole.magnitude, rel=1e-9)


def test_the_strongest_add_most_over_all_cells(tmp_path: Path) -> None:
    recipe = next(recipe for recipe in sums(tmp_path, "strided") if recipe.values.size > 1 and len(recipe.maps) > 2)
    numbers = [recipe.at(y, x) for y, x in np.ndindex(recipe.values.shape)]
    assert all(isinstance(number, Sum) for number in numbers)
    sizes = np.array([[term.magnitude for term in number.terms] for number in numbers]).sum(0)
    assert strongest(recipe, 1)[0] == [sizes.argmax()]
