"""Graphs of known operators put together as hardly anybody does: every page shows what it can of them, and says the rest."""

import itertools
import json
import shutil
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import NodeProto

from convoscope.network import load
from tests.graphs import card, model, node, write
from tests.pages.app import ROOT, components, labelled, open_app
from ui import shared
from ui.chapters import CHAPTERS
from ui.views import VIEWS

SIZE = 8
RNG = np.random.default_rng(0)


def drawn(*shape: int) -> NDArray[np.float32]:
    return RNG.normal(size=shape).astype(np.float32)


WEIGHTS = {"k": drawn(5, 3, 3, 3), "b": drawn(5), "d": drawn(5, 4), "e": drawn(4), "m": drawn(1, 1, SIZE, SIZE)}
CONV = node("Conv", "input k b", "conv", pads=[1] * 4)
RELU = node("Relu", "conv", "relu")
HEAD = (node("GlobalAveragePool", "maps", "mean"), node("Flatten", "mean", "row"), node("Gemm", "row d e", "logits"))

GRAPHS: dict[str, tuple[tuple[NodeProto, ...], dict[str, NDArray[Any]], int]] = {
    "shares between maps": ((CONV, node("Softmax", "conv", "maps", axis=1), *HEAD), {}, SIZE),
    "a mean over channels": (
        (CONV, RELU, node("ReduceMean", "relu", "over", axes=[1], keepdims=1), node("Mul", "relu over", "maps"), *HEAD),
        {},
        SIZE,
    ),
    "a mean in two steps": (
        (
            CONV,
            RELU,
            node("ReduceMean", "relu", "columns", axes=[3], keepdims=1),
            node("ReduceMean", "columns", "maps", axes=[2], keepdims=1),
            *HEAD,
        ),
        {},
        SIZE,
    ),
    "no maps": (
        (node("Flatten", "input", "row"), node("Gemm", "row all e", "logits")),
        {"all": drawn(3 * SIZE**2, 4)},
        SIZE,
    ),
    "a shape by way of Identity": (
        (CONV, RELU, node("Identity", "shape", "same"), node("Reshape", "relu same", "maps"), *HEAD),
        {"shape": np.array([-1, 5, SIZE, SIZE])},
        SIZE,
    ),
    "a map as a factor": ((CONV, node("Mul", "conv m", "maps"), *HEAD), {}, SIZE),
    "maps below each other": ((CONV, RELU, node("Concat", "relu conv", "maps", axis=2), *HEAD), {}, SIZE),
    "less itself": ((CONV, node("Sub", "conv conv", "maps"), *HEAD), {}, SIZE),
    "two pixels": ((CONV, node("Relu", "conv", "maps"), *HEAD), {}, 2),
    "nothing but zeros": ((CONV, node("Relu", "conv", "maps"), *HEAD), {name: 0 * WEIGHTS[name] for name in "kbde"}, SIZE),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_every_page_shows_what_it_can(shelf, name):
    nodes, weights, size = GRAPHS[name]
    built = model(nodes, {**WEIGHTS, **weights}, (3, size, size), opset=13)
    folder = write(shelf / "odd", built, card(built, size, 3, 4))
    shown = [
        open_app(),
        *(open_app(f"pages/{page}.py") for page in ("report", "learning")),
        *(open_app("pages/steps.py", chapter=chapter) for chapter in CHAPTERS),
        *(open_app("pages/why.py", view=view) for view in VIEWS),
    ]
    for layer in load(folder).layers:
        shown.append(open_app("pages/layers.py", layer=layer.name))
        shown += [open_app("pages/unit.py", layer=layer.name, stage=stage.tensor) for stage in layer.stages]
    assert [app.exception for app in shown if app.exception] == []


def test_a_graph_that_cannot_be_read_does_not_take_the_others_with_it(shelf):
    built = model((CONV, node("Relu", "conv", "maps"), *HEAD), WEIGHTS, (3, SIZE, SIZE))
    write(shelf / "whole", built, card(built, SIZE, 3, 4))
    row = node("Flatten", "input", "row")
    vector = model((row, node("MatMul", "row v", "logits")), {"v": drawn(3 * SIZE**2)}, (3, SIZE, SIZE))
    write(shelf / "vector", vector, card(vector, SIZE, 3, 4))
    app = open_app()
    assert not app.exception
    assert "vector/" in app.warning[0].value.replace("\\", "")


def test_a_folder_is_shown_when_it_comes_read_anew_when_it_is_written_and_left_when_it_goes(shelf, monkeypatch):
    monkeypatch.setattr("ui.shared._edition._life", 0)
    built = model((CONV, node("Relu", "conv", "maps"), *HEAD), WEIGHTS, (3, SIZE, SIZE))
    for name in ("first", "second"):
        write(shelf / name, built, card(built, SIZE, 3, 4, title=name))
    app = open_app(model="second")
    assert app.selectbox(key="choose_model").options == ["first", "second"]
    content = json.loads((shelf / "second" / "card.json").read_text())
    (shelf / "second" / "card.json").write_text(json.dumps({**content, "title": "anew"}))
    write(shelf / "third", built, card(built, SIZE, 3, 4, title="third"))
    app.run()
    assert app.selectbox(key="choose_model").options == ["first", "anew", "third"]
    (shelf / "second" / "card.json").unlink()
    app.run()
    assert not app.exception
    assert app.selectbox(key="choose_model").options == ["first", "third"]
    assert "“second”" in app.info[0].value


def test_a_network_that_goes_as_it_is_chosen_is_passed_over(shelf, monkeypatch):
    monkeypatch.setattr("ui.shared._edition._life", 0)
    built = model((CONV, node("Relu", "conv", "maps"), *HEAD), WEIGHTS, (3, SIZE, SIZE))
    for name in ("first", "second"):
        write(shelf / name, built, card(built, SIZE, 3, 4, title=name))
    app = open_app("pages/layers.py", model="first")
    (shelf / "second" / "card.json").unlink()
    app.selectbox(key="choose_model").set_value("second").run()
    assert not app.exception
    assert app.query_params["model"] == "first"


def test_what_is_chosen_on_the_page_of_a_network_that_goes_is_passed_over(shelf, monkeypatch):
    monkeypatch.setattr("ui.shared._edition._life", 0)
    built = model((CONV, node("Relu", "conv", "maps"), *HEAD), WEIGHTS, (3, SIZE, SIZE))
    for name in ("first", "second"):
        write(shelf / name, built, card(built, SIZE, 3, 4, title=name))
    app = open_app("pages/layers.py", model="second")
    step = labelled(app.segmented_control, "Step")
    (shelf / "second" / "card.json").unlink()
    step.set_value("conv").run()
    assert not app.exception
    assert "“second”" in app.info[0].value


@pytest.mark.parametrize("looks", range(5))
def test_a_network_may_go_at_any_moment_of_a_run(shelf, monkeypatch, looks):
    built = model((CONV, node("Relu", "conv", "maps"), *HEAD), WEIGHTS, (3, SIZE, SIZE))
    for name in ("first", "second"):
        write(shelf / name, built, card(built, SIZE, 3, 4, title=name))
    app = open_app(model="second")
    left, everything = itertools.count(-looks), shared._edition
    monkeypatch.setattr(shared, "_edition", lambda models: everything(models)[: 2 if next(left) < 0 else 1])
    app.run()
    assert not app.exception
    app.run()
    assert not app.exception
    assert app.query_params["model"] == "first"
    assert [each for each in app.selectbox if each.key == "choose_model"] == []  # there is nothing to choose among


def test_what_is_measured_of_a_network_is_shown_when_it_comes(shelf, monkeypatch):
    monkeypatch.setattr("ui.visit._report._life", 0)
    folder = shutil.copytree(ROOT / "models" / "shapes", shelf / "shapes")
    (folder / "evaluation.json").rename(folder / "later")
    app = open_app("pages/report.py")
    assert not components(app, "matrix")
    (folder / "later").rename(folder / "evaluation.json")
    assert components(app.run(), "matrix")
