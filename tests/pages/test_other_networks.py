"""Networks that nobody had in mind: the pages show them all the same."""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from convoscope.__main__ import main
from convoscope.card import ModelError
from convoscope.network import load
from convoscope.words import plain
from tests import shipped
from tests.convoscope.zoo import SIZE, ZOO
from tests.pages.app import ROOT, answers, component, open_app, text


@pytest.mark.parametrize("name", ZOO)
def test_every_page_shows_a_strangers_network_after_one_command(shelf, tmp_path_factory, name):
    odd = ZOO[name]
    graph = tmp_path_factory.mktemp("elsewhere") / "their.onnx"
    onnx.save(odd.model(), graph)
    classes, each = ",".join(f"class {index}" for index in range(odd.classes)), ",".join(["0.5"] * odd.channels)
    command = ["card", str(graph), "--classes", classes, "--size", str(SIZE), "--mean", each, "--std", each]
    assert main([*command, "--out", str(shelf / name)]) == 0
    app = open_app("pages/report.py")
    assert not app.exception
    assert text(app).count("Not measured for this network.") == 5
    app = open_app()
    assert not app.exception
    assert len(component(app, "bars")["names"]) == 5
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
    one, other = (answers(open_app(model=name, photo="star"))[0][0] for name in ("shapes", "formen"))
    assert (one["name"], other["name"]) == ("star", "Stern")
    assert other["share"] < one["share"]


def test_a_hostile_card_and_link_make_no_links(shelf):
    shutil.copytree(ROOT / "models/shapes", shelf / "shapes")
    card = shelf / "shapes/card.json"
    card.write_text(card.read_text().replace('"star"', '"[star](http://e.example)"'))
    app = open_app(photo="https://e.example")
    assert "http://" not in text(app)
    assert "https://" not in text(app)


def rewrite(folder: Path, change: Callable[[onnx.ModelProto], object], **fields: object) -> None:
    """Changes the graph, and the card so that it still vouches for the file."""
    model = onnx.load(folder / "model.onnx")
    change(model)
    data = model.SerializeToString()
    (folder / "model.onnx").write_bytes(data)
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps({**card, "sha256": hashlib.sha256(data).hexdigest(), **fields}))


def another_file(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(b"something else")


def no_card(folder: Path) -> None:
    (folder / "card.json").unlink()


def no_graph(folder: Path) -> None:
    (folder / "model.onnx").unlink()


def field_missing(folder: Path) -> None:
    card = json.loads((folder / "card.json").read_text())
    del card["preprocessing"]["mean"]
    (folder / "card.json").write_text(json.dumps(card))


def card_cut_short(folder: Path) -> None:
    card = folder / "card.json"
    card.write_text(card.read_text()[:200])


def graph_cut_short(folder: Path) -> None:
    data = (folder / "model.onnx").read_bytes()[:1000]
    (folder / "model.onnx").write_bytes(data)
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps({**card, "sha256": hashlib.sha256(data).hexdigest()}))


def unknown_operator(folder: Path) -> None:
    rewrite(folder, lambda model: setattr(model.graph.node[1], "op_type", "Frobnicate"))


def class_too_few(folder: Path) -> None:
    rewrite(folder, lambda _: None, classes=["circle", "star"])


FLAWS = {
    another_file: "model.onnx is not the file this card was written for",
    no_card: "card.json is missing; `python -m convoscope card` writes one",
    no_graph: "model.onnx: No such file or directory",
    field_missing: "card.json, preprocessing.mean: Field required",
    card_cut_short: "card.json, the whole file: Invalid JSON",
    graph_cut_short: "model.onnx cannot be used: Error parsing message",
    unknown_operator: "model.onnx cannot be used: ",
    class_too_few: "card.json, classes: 2 names for an output of 7 numbers",
}


@pytest.mark.parametrize("flaw", FLAWS, ids=lambda flaw: flaw.__name__)
def test_a_folder_that_cannot_be_used_is_named_with_its_flaw_and_the_others_work(shelf, flaw):
    for name in ("shapes", "broken"):
        shutil.copytree(ROOT / "models/shapes", shelf / name)
    flaw(shelf / "broken")
    app = open_app()
    assert not app.exception
    (warning,) = app.warning
    assert plain("broken/") in warning.value
    assert plain(FLAWS[flaw]) in warning.value
    assert component(app, "bars")["names"]


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


def test_networks_of_one_title_are_told_apart_by_their_folders(shelf):
    for name in ("one", "other"):
        shutil.copytree(ROOT / "models/shapes", shelf / name)
    app = open_app(model="one")
    app.run()
    assert app.query_params["model"] == "one"
    title = shipped.network("shapes").card.title
    assert app.selectbox(key="choose_model").options == [f"{title}, one", f"{title}, other"]


def test_what_a_split_into_pixels_leaves_out_is_said(shelf):
    ZOO["responsive"].load(shelf / "responsive")
    said = text(open_app("pages/why.py", view="pixels"))
    assert "is missing" in said
    assert "the split adds up only with the residual" in said
    assert "not linear where they stand (product, quotient, sigmoid, square root)" in said


def test_steps_without_maps_are_named_beside_those_with(shelf):
    ZOO["responsive"].load(shelf / "responsive")
    said = text(open_app("pages/layers.py", layer="conv1"))
    assert "Of this layer mean 1, product 2, square root, mean 2, sum 1, quotient" in said
    assert "make single numbers for each channel, no maps" in said
