"""Networks that nobody had in mind: the pages show them all the same."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from convoscope.card import ModelError
from convoscope.network import load
from tests.convoscope.zoo import ZOO
from tests.pages.app import ROOT, component, open_app, text
from ui import state


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder in place of models/."""
    monkeypatch.setattr(state, "MODELS", tmp_path)
    state.networks.clear()
    yield tmp_path
    state.networks.clear()


@pytest.mark.parametrize("name", ZOO)
def test_both_pages_show_an_odd_network(shelf, name):
    ZOO[name].load(shelf / name)
    app = open_app()
    assert not app.exception
    assert len(component(app, "bars")["rows"]) == 5
    assert "has not been measured" in text(app)
    for layer in load(shelf / name).layers:
        app = open_app("pages/layers.py", layer=layer.name)
        assert not app.exception
        if layer.map_stages:
            assert component(app, "maps", "Activation maps")["tiles"]


def test_the_same_graph_with_another_card_is_another_network(shelf):
    for name in ("shapes", "formen"):
        shutil.copytree(ROOT / "models/shapes", shelf / name)
    card = shelf / "formen/card.json"
    card.write_text(card.read_text().replace('"star"', '"Stern"').replace('"temperature": 0', '"temperature": 9'))
    one, other = (component(open_app(model=name, photo="star"), "bars")["rows"][0] for name in ("shapes", "formen"))
    assert (one["name"], other["name"]) == ("star", "Stern")
    assert other["share"] < one["share"]


def test_a_hostile_card_and_link_make_no_links(shelf):
    shutil.copytree(ROOT / "models/shapes", shelf / "shapes")
    card = shelf / "shapes/card.json"
    card.write_text(card.read_text().replace('"star"', '"[star](http://e.example)"'))
    app = open_app(photo="https://e.example")
    assert "http://" not in text(app)
    assert "https://" not in text(app)


def test_a_folder_that_cannot_be_used_is_named_and_the_others_work(shelf):
    shutil.copytree(ROOT / "models/shapes", shelf / "shapes")
    shutil.copytree(ROOT / "models/shapes", shelf / "broken")
    (shelf / "broken/model.onnx").write_bytes(b"something else")
    app = open_app()
    assert not app.exception
    assert "this card was written for" in app.warning[0].value
    assert component(app, "bars")["rows"]


def test_without_any_network_the_page_says_so(shelf):
    app = open_app()
    assert not app.exception
    assert "No network can be used" in app.error[0].value


def test_weights_that_are_not_numbers_are_named(shelf):
    odd = ZOO["old"]
    odd.load(shelf / "whole")
    broken = replace(odd, weights=odd.weights | {"k1": np.full_like(odd.weights["k1"], np.nan)})
    with pytest.raises(ModelError, match="not finite"):
        broken.load(shelf / "nan")
    assert "is not finite" in open_app().warning[0].value
