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


def test_a_folder_that_cannot_be_used_is_named_and_the_others_work(shelf):
    shutil.copytree(ROOT / "models/shapes", shelf / "shapes")
    shutil.copytree(ROOT / "models/shapes", shelf / "broken")
    (shelf / "broken/model.onnx").write_bytes(b"something else")
    app = open_app()
    assert not app.exception
    assert "broken/card.json, sha256" in app.warning[0].value
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
    assert "nan/model.onnx cannot be used" in open_app().warning[0].value
