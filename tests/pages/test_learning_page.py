import json
import re
import shutil
from types import SimpleNamespace

import pytest

from convoscope.history import MOMENTS, open_history
from convoscope.network import Answer, load
from convoscope.photo import read
from convoscope.prepare import centre_crop, prepare
from tests import shipped
from tests.convoscope.zoo import ZOO
from tests.pages.app import ROOT, answers, component, components, jpeg, open_app, text, upload
from ui import shared
from ui.links import Selection
from ui.parts import learning
from ui.visit import Visit

PAGE = "pages/learning.py"
SHAPES = ROOT / "models/shapes"


def test_then_and_now_are_what_the_engine_says_of_ones_own_photo():
    app = upload(open_app(PAGE, model="shapes", step="39"), jpeg())
    assert not app.exception
    network, photo = load(SHAPES), read(jpeg())
    history = open_history(SHAPES, network)
    prepared = prepare(photo, centre_crop(photo), network.card.preprocessing)
    for shown, expected in zip(answers(app), (history.at(39), network), strict=True):
        best = expected.predict(prepared).best
        assert (shown[0]["name"], shown[0]["share"]) == (best.name, pytest.approx(best.probability, rel=1e-4))


def test_every_moment_kept_is_on_the_slider_and_the_link_chooses_one():
    history = open_history(SHAPES, load(SHAPES))
    app = open_app(PAGE, model="shapes", step=str(history.steps[2]))
    player = component(app, "player")
    assert player["moments"] == ["at the start", *(f"after step {step:,}" for step in history.steps[1:])]
    assert player["at"] == 2


def test_it_opens_untrained_and_a_step_between_two_moments_finds_the_nearest():
    assert component(open_app(PAGE, model="shapes"), "player")["at"] == 0
    assert component(open_app(PAGE, model="shapes", step="12"), "player")["at"] == 1


def test_the_story_is_true_to_the_answers():
    app = open_app(PAGE, model="shapes", photo="star")
    told = re.search(r"has said so at each moment kept since step ([\d,]+) of", text(app))
    assert told
    since = int(told[1].replace(",", ""))
    steps = open_history(SHAPES, load(SHAPES)).steps
    for step in steps:
        best = answers(open_app(PAGE, model="shapes", photo="star", step=str(step)))[0][0]["name"]
        assert (best == "star") == (step >= since)


def test_a_story_that_ends_with_a_change_says_what_was_said_before():
    answers = {0: Answer(0, "bee", 0.2, 0), 10: Answer(1, "cat", 0.4, 1), 20: Answer(2, "tabby", 0.6, 2)}
    told = learning._story(SimpleNamespace(photo_title="the cat"), answers)
    assert told.endswith("and only then: at step 10 of 20, the last moment kept before, it said cat.")


def test_a_story_that_comes_back_to_an_answer_says_when_it_was_said_before():
    answers = {
        0: Answer(0, "bee", 0.2, 0),
        5: Answer(2, "tabby", 0.4, 2),
        10: Answer(1, "cat", 0.4, 1),
        20: Answer(2, "tabby", 0.6, 2),
    }
    told = learning._story(SimpleNamespace(photo_title="the cat"), answers)
    assert told.endswith("It had said so at step 5 already, but at step 10 of 20 it said cat.")


def test_kernels_and_maps_of_both_moments_are_side_by_side():
    app = open_app(PAGE, model="shapes", photo="star", step="10", layer="conv2")
    for label in (
        "Kernels, after step 10",
        "Kernels, in the end",
        "Activation maps, after step 10",
        "Activation maps, in the end",
    ):
        assert len(component(app, "maps", label)["tiles"]) == 8
    then, now = (component(app, "maps", f"Activation maps, {title}") for title in ("after step 10", "in the end"))
    assert [tile["index"] for tile in then["tiles"]] == [tile["index"] for tile in now["tiles"]]
    assert then["tiles"] != now["tiles"]


def test_the_curves_carry_the_mark_of_the_moment():
    app = open_app(PAGE, model="shapes", step="39")
    loss, accuracy = components(app, "chart")
    assert loss["mark"] == accuracy["mark"] == 39
    assert loss["x"]["log"]
    moments = json.loads((SHAPES / "evaluation.json").read_text())["moments"]
    assert accuracy["lines"][0]["y"] == [moment["top1"] for moment in moments]


def test_a_network_without_a_past_says_so(shelf):
    ZOO["old"].load(shelf / "old")
    app = open_app(PAGE)
    assert not app.exception
    assert "no moments were kept" in text(app)
    assert "No log of its training was kept." in text(app)


def test_a_copy_of_a_network_has_a_past_of_its_own(shelf):
    for name in ("one", "other", "without"):
        shutil.copytree(SHAPES, shelf / name)
    shutil.copy(SHAPES / MOMENTS / "2280.npz", shelf / "other" / MOMENTS / "0.npz")
    shutil.rmtree(shelf / "without" / MOMENTS)
    photo = shipped.sample("star")
    one, other, without = (
        Visit(Selection(name, "star", step=0), network, photo, "the star", centre_crop(photo), (), None)
        for name, network in shared.usable().items()
    )
    assert not without.course
    assert one.course[0] != other.course[0]
    for visit in (one, other):
        assert visit.at_its_step.prediction.best == visit.course[0]


def test_a_damaged_moment_is_named_and_the_curves_are_shown(shelf):
    shutil.copytree(SHAPES, shelf / "shapes")
    (shelf / "shapes" / MOMENTS / "10.npz").write_bytes(b"PK")
    app = open_app(PAGE)
    assert not app.exception
    assert "10\\.npz is damaged" in app.warning[0].value
    assert components(app, "chart")
