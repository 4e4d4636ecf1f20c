"""Every view of "Why this answer?", for the networks shipped and for odd ones, without a browser."""

import io
import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from convoscope.graph import rules
from convoscope.network import load
from convoscope.prepare import centre_crop, prepare
from convoscope.render import scale_of
from convoscope.why.agreement import agreement
from convoscope.why.channels import speakers
from convoscope.why.gradients import open_gradients
from convoscope.why.heat import integrated_closely, saliency
from convoscope.why.pair import Pair
from convoscope.why.question import Question, chosen
from convoscope.why.switches import open_leave_one_out, open_switchboard
from convoscope.why.what_if import WHAT_IFS, Series, series
from convoscope.words import number, percent, place
from tests import shipped
from tests.convoscope.zoo import SIZE, ZOO
from tests.graphs import card, model, node, noise, write
from tests.pages.app import ROOT, answers, component, components, jpeg, labelled, open_app, text, upload
from ui import state
from ui import visit as visits
from ui.components.heat import Heat
from ui.parts.why import change, turning
from ui.parts.why.downloads import Quantity, Saved, file_name, npz, on_photo
from ui.views import VIEWS, middle, patches

PAGE = "pages/why.py"
SHAPES = ROOT / "models/shapes"
CANNOT_TELL = re.compile("What (it|they) cannot tell")
TRIED = [view for view in VIEWS if view not in ("switches", "change", "photos")]


def opened(view: str, **link: str) -> AppTest:
    app = open_app(PAGE, view=view, **link)
    assert not app.exception
    return app


def star():
    """The drawing as the network gets it, the network, and its evidence's head."""
    network, photo = shipped.network("shapes"), shipped.sample("star")
    return network, prepare(photo, centre_crop(photo), network.card.preprocessing)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("name", ["photo", "shapes"])
def test_every_view_states_a_finding_offers_its_numbers_and_says_what_it_cannot_tell(name, view):
    app = opened(view, model=name)
    assert len(app.get("download_button")) == 2
    assert CANNOT_TELL.search(text(app))
    lists = [box for box in app.expander if box.label.startswith("Show me the numbers")]
    assert lists or components(app, "heat") or components(app, "chart")  # these two have a list of their own


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("name", ZOO)
def test_every_view_of_an_odd_network_shows_or_says_in_a_sentence_why_not(shelf, name, view):
    ZOO[name].load(shelf / name)
    assert len(text(opened(view))) > 100


@pytest.mark.parametrize("view", VIEWS)
def test_a_network_without_maps_has_views_all_the_same(shelf, view):
    built = model([node("Flatten", "input", "flat"), node("Gemm", "flat d", "logits")], {"d": noise((48, 5))}, (3, 4, 4))
    write(shelf / "flat", built, card(built, 4, 3, 5))
    assert len(text(opened(view))) > 100


def test_without_a_linear_head_the_page_says_so_and_the_rest_works(shelf):
    ZOO["dense"].load(shelf / "dense")
    app = opened("evidence")
    assert "No exact map of the evidence exists" in text(app)
    assert not components(app, "heat")


@pytest.mark.parametrize("view", ["gradients", "pixels"])
def test_without_a_rule_for_an_operator_it_is_named_and_occlusion_remains(shelf, monkeypatch, view):
    monkeypatch.delitem(rules.RULES, "LeakyRelu")
    ZOO["strided"].load(shelf / "strided")
    app = opened(view)
    assert "No gradients for this network" in text(app)
    assert "LeakyRelu" in text(app)
    assert component(opened("occlusion"), "heat")


@pytest.mark.parametrize(("against", "name"), [(None, "the logit of star"), ("square", "the lead of star over square")])
def test_the_evidence_is_the_engines_and_its_sum_is_shown(against, name):
    network, prepared = star()
    classes = network.card.classes
    link = {} if against is None else {"against": against}
    app = opened("evidence", model="shapes", photo="star", answer="star", **link)
    tools = visits.Tools(network)
    asked = Question(classes.index("star"), None if against is None else classes.index(against))
    spoken = speakers(tools.head, network.trace(prepared), asked)
    assert f"add up to {name}: {spoken.map.sum():.4f}" in text(app)
    loudest = component(app, "maps", "Channels that spoke for")["tiles"]
    assert [tile["index"] for tile in loudest] == list(spoken.pro[:8])


def test_the_question_is_chosen_among_winner_runner_up_and_both():
    app = opened("evidence", model="shapes", photo="star")
    question = next(each for each in app.segmented_control if each.label == "Question")
    assert question.value == "Why star?"
    question.set_value("Why star rather than square?").run()
    assert app.query_params["against"] == "square"
    assert "rather than" in text(app)
    question = next(each for each in app.segmented_control if each.label == "Question")
    question.set_value("Why star?").run()
    assert "against" not in app.query_params


def test_any_two_classes_can_be_compared_and_one_alone_again():
    app = opened("evidence", model="shapes", photo="star")
    classes = load(SHAPES).card.classes
    labelled(app.selectbox, "rather than").set_value(classes.index("line")).run()
    assert app.query_params["against"] == "line"
    assert "star rather than line" in text(app)
    labelled(app.selectbox, "rather than").set_value(classes.index("star")).run()
    assert "star rather than" not in text(app)
    assert "against" not in app.query_params
    labelled(app.selectbox, "Why this class").set_value(classes.index("line")).run()
    assert "against" not in app.query_params
    assert "line rather than" not in text(app)


def test_switches_are_ranked_by_what_the_answer_loses_and_the_bars_follow_them():
    network, prepared = star()
    board = open_switchboard(network)
    stage = board.stages[-1]
    asked = Question(network.card.classes.index("star"))
    ranked = open_leave_one_out(network, stage).of(prepared.tensor).ranked(asked)
    app = opened("switches", model="shapes", photo="star")
    assert [each["index"] for each in component(app, "switches")["channels"]] == list(ranked)
    assert component(app, "bars")["names"][0] == "star"


def test_the_layer_of_the_switchboard_is_the_links():
    app = opened("switches", model="shapes", photo="star", layer="conv1")
    assert component(app, "switches")["label"].startswith("Switches of Convolution 1")
    assert len(component(app, "switches")["channels"]) == 8


def test_switches_of_several_layers_hold_together_and_the_ranking_is_on_top_of_them():
    network, prepared = star()
    board = open_switchboard(network)
    first, _, last = board.stages
    asked = Question(network.card.classes.index("star"))
    app = opened("switches", model="shapes", photo="star", layer="conv1", switches="1-0-3*1.5_3-2")
    exact = {first.tensor: np.ones((1, 8), np.float32), last.tensor: np.ones((1, 8), np.float32)}
    exact[first.tensor][0, [0, 3]] = 0, 1.5
    exact[last.tensor][0, 2] = 0
    logits = board.answer(prepared.tensor, exact)[0]
    assert {row["index"]: row["logit"] for row in answers(app)[0]} == pytest.approx(dict(enumerate(logits)))
    ranked = board.without_each(prepared.tensor, first, {last.tensor: exact[last.tensor]}).ranked(asked)
    assert [each["index"] for each in component(app, "switches")["channels"]] == list(ranked)
    assert "With the other layers as you switched them" in text(app)
    assert component(app, "switches")["titles"] == {"conv1": "conv 1", "conv2": "conv 2", "conv3": "conv 3"}


def test_switches_hold_for_other_photos_and_views_but_not_for_other_networks():
    app = opened("switches", model="shapes", photo="star", switches="3-2")
    labelled(app.pills, "Photo").set_value("circle").run()
    app.segmented_control(key="choose_view").set_value("evidence").run()
    app.segmented_control(key="choose_view").set_value("switches").run()
    assert component(app, "switches")["begin"] == {"conv3": {"2": 0}}
    assert app.query_params["switches"] == "3-2"
    app.selectbox(key="choose_model").set_value("cifar10").run()
    assert component(app, "switches")["begin"] == {}
    assert "switches" not in app.query_params


def test_however_often_the_page_runs_while_a_slider_moves_its_way_is_not_in_the_link():
    app = opened("switches", model="shapes", photo="star", switches="3-2")
    turned = replace(app.session_state.selection, switches={"conv3": {"2": 0.4}})
    app.session_state.selection, app.session_state.moving = turned, True
    for _ in range(2):
        app.run()
        assert app.query_params["switches"] == "3-2"
    labelled(app.pills, "Photo").set_value("circle").run()
    assert app.query_params["switches"] == "3-2*0.4"


def test_switches_that_a_link_names_and_the_network_has_not_are_said_and_the_others_turned():
    app = opened("switches", model="shapes", photo="star", switches="3-2-99_1-8")
    said = "The link switches 2 channels that this network does not have, the first of them channel 99 of layer 3"
    assert said in app.info[0].value
    assert component(app, "switches")["begin"] == {"conv3": {"2": 0}}
    assert app.query_params["switches"] == "3-2"


def test_the_channels_that_hold_the_score_up_are_marked():
    network, prepared = star()
    stage = open_switchboard(network).stages[-1]
    drops = open_leave_one_out(network, stage).of(prepared.tensor).drops(Question(network.card.classes.index("star")))
    app = opened("switches", model="shapes", photo="star")
    supports = {each["index"]: each["supports"] for each in component(app, "switches")["channels"]}
    assert supports == dict(enumerate((drops > 0).tolist()))


def test_switches_hold_while_a_file_is_refused():
    app = opened("switches", model="shapes", photo="star", switches="3-2")
    app = upload(app, b"%PDF-1.4")
    assert not components(app, "switches")
    button(app, "Back to the star").click().run()
    assert component(app, "switches")["begin"] == {"conv3": {"2": 0}}


def test_all_four_gradient_maps_stand_side_by_side_with_the_gap():
    app = opened("gradients", model="shapes", photo="star")
    assert [header["label"].split(" for")[0] for header in components(app, "heat")] == [
        "Saliency",
        "Grad-CAM",
        "SmoothGrad",
        "Integrated gradients",
    ]
    network, prepared = star()
    asked = Question(network.card.classes.index("star"))
    found = integrated_closely(open_gradients(network), prepared.tensor, asked)
    assert f"the completeness gap after {found.steps} steps: {number(found.gap)}." in text(app)


def test_whether_the_maps_agree_is_told_with_what_was_compared():
    app = opened("gradients", model="shapes", photo="star")
    network, prepared = star()
    asked = Question(network.card.classes.index("star"))
    gradients = open_gradients(network)
    maps = {
        "Saliency": saliency(gradients, prepared.tensor, asked).values,
        "Integrated gradients": integrated_closely(gradients, prepared.tensor, asked).values,
    }
    found = agreement(maps)
    told = re.search(
        r"(The maps agree|The maps do not agree).* of their (\d+) strongest of the photo's (\d+) × (\d+) squares", text(app)
    )
    assert told
    assert [int(each) for each in told.groups()[1:]] == [found.strongest, found.grid, found.grid]
    for name, values in found.pooled.items():
        assert re.search(rf"{name}[^;*]* \*\*{place(values)}\*\*", text(app))


def test_the_slider_of_a_fine_map_begins_near_the_map():
    begins = {view: component(opened(view, model="shapes"), "heat")["begin"] for view in TRIED}
    assert begins == {"evidence": 70, "gradients": 85, "pixels": 85, "occlusion": 70}


def test_the_stair_from_zero_ends_at_the_logit():
    app = opened("pixels", model="shapes", photo="star")
    rows = component(app, "waterfall")["rows"]
    assert rows[0]["name"].startswith("the photo")
    assert rows[-2]["name"] == "residual"
    assert sum(row["value"] for row in rows[:-1]) == pytest.approx(rows[-1]["value"], rel=1e-9)
    assert abs(rows[-2]["value"]) < 1e-4
    assert "Zero here means the mean colour" in text(app)


def test_size_and_stride_of_the_patch_are_chosen_and_the_link_restores_them():
    app = opened("occlusion", model="shapes", photo="star")
    before = len(component(app, "table")["rows"])
    app.select_slider[0].set_value(4).run()
    assert not app.exception
    assert len(component(app, "table")["rows"]) > before
    app.select_slider[1].set_value(1).run()
    assert len(component(app, "table")["rows"]) == 29**2
    assert (app.query_params["patch"], app.query_params["stride"]) == ("4", "1")
    again = opened("occlusion", model="shapes", photo="star", patch="4", stride="1")
    assert component(again, "table") == component(app, "table")
    app.select_slider[0].set_value(16).run()
    assert "stride" not in app.query_params  # 1 pixel is not offered for so large a patch


def test_the_tried_map_and_the_kind_of_change_are_the_links():
    app = opened("gradients", model="shapes", photo="star", map="integrated")
    assert next(each for each in app.segmented_control if each.label == "Map to try").value == "integrated"
    app.segmented_control(key="choose_map").set_value("smoothgrad").run()
    assert app.query_params["map"] == "smoothgrad"
    app = opened("change", model="shapes", photo="star", change="crop")
    assert component(app, "film")["label"].startswith("crop")
    app.segmented_control(key="choose_change").set_value("noise").run()
    assert app.query_params["change"] == "noise"


def test_a_link_to_what_is_not_offered_says_so_and_shows_the_rest():
    app = opened("occlusion", model="shapes", photo="star", patch="31", stride="many", change="melt", map="tea leaves")
    assert [name for name in ("patch", "stride", "change", "map") if f"the {name} “" in app.info[0].value] == [
        "patch",
        "stride",
        "change",
        "map",
    ]
    assert component(app, "heat")


@pytest.mark.parametrize("view", ["change", "switches"])
def test_what_does_not_depend_on_the_question_is_not_computed_anew_for_another(view):
    visits._findings.clear()
    app = opened(view, model="shapes", photo="star")
    kept = len(visits._findings._entries)
    labelled(app.selectbox, "Why this class").set_value(shipped.network("shapes").card.classes.index("line")).run()
    assert app.query_params["answer"] == "line"
    assert len(visits._findings._entries) == kept == 1


@pytest.mark.parametrize("name", ["rotate", "shift", "blur", "darken", "crop", "noise"])
def test_every_change_has_its_curve_and_its_film(name):
    app = opened("change", model="shapes", photo="star")
    next(each for each in app.segmented_control if each.key == "choose_change").set_value(name).run()
    assert not app.exception
    film, curve = component(app, "film"), component(app, "chart")
    assert len(film["frames"]) in (33, 34)
    assert "flips from" in text(app) or "stays" in text(app)
    assert (curve["mark"] is not None) == ("flips from" in text(app))
    for frame in film["frames"]:
        assert 0 <= sum(share for _, share in frame["answers"]) <= 1 + 1e-6


@pytest.mark.parametrize("answer", ["star", "line"])
def test_a_change_is_told_for_one_class_rather_than_another(answer):
    network, prepared = star()
    against = "line" if answer == "star" else "star"
    asked = Question(*(network.card.classes.index(each) for each in (answer, against)))
    found = series(network, prepared, WHAT_IFS[0])
    app = opened("change", model="shapes", photo="star", change="rotate", answer=answer, against=against)
    curve = component(app, "chart")
    lead = next(each for each in curve["lines"] if not each["quiet"])
    assert lead["name"] == curve["y"]["title"] == f"the lead of {answer} over {against}"
    np.testing.assert_allclose(lead["y"], asked.score(found.logits), rtol=1e-3, atol=1e-3)
    assert curve["y"]["low"] <= 0 <= curve["y"]["high"]
    turn = found.turn(asked)
    assert curve["mark"] == (None if turn is None else found.strengths[turn])
    assert f"The lead of {answer} over {against} is" in text(app)
    assert ("changes sides" in text(app)) == (turn is not None)
    assert component(app, "film")["followed"] == [answer, against]


def test_why_not_is_told_of_the_class_that_did_not_win():
    network, prepared = star()
    classes, found = network.card.classes, series(*star(), WHAT_IFS[0])
    for name in ("line", "square"):
        app = opened("change", model="shapes", photo="star", change="rotate", answer=name)
        turn = found.turn(Question(classes.index(name)))
        assert component(app, "chart")["mark"] == (None if turn is None else found.strengths[turn])
        assert f"The photo as it is gives {name}" in text(app)
        assert [line["name"] for line in component(app, "chart")["lines"]] == [name, network.predict(prepared).best.name]


@pytest.mark.parametrize(
    ("what", "strength", "said"),
    [
        ("shift", -0.281, "28.1\N{NO-BREAK SPACE}% of the width to the left"),
        ("shift", 0.25, "25.0\N{NO-BREAK SPACE}% of the width to the right"),
        ("darken", 0.5, "50.0\N{NO-BREAK SPACE}% of the light lost"),
        ("rotate", -45, "45.0 degrees clockwise"),
        ("blur", 0, "no change"),
    ],
)
def test_a_change_is_named_as_one_says_it(what, strength, said):
    kind = next(each for each in WHAT_IFS if each.name == what)
    found = Series(kind, np.array([strength]), np.zeros((1, 1, 1, 1), np.uint8), np.eye(1), np.eye(1))
    assert turning.at(found, 0) == said


def test_an_answer_that_is_sure_everywhere_is_least_sure_nowhere():
    network, prepared = star()
    shares = np.where(np.arange(len(network.card.classes)) == network.predict(prepared).best.index, 0.9999, 0.00001)
    sure = Series(
        WHAT_IFS[0], np.array([-1.0, 0, 1]), np.zeros((3, 1, 1, 1), np.uint8), np.stack([shares] * 3), np.stack([shares] * 3)
    )
    visit = SimpleNamespace(network=network, asked=Question(int(shares.argmax())))
    assert turning.sentence(visit, sure).endswith("Nowhere is it less sure than >\N{NO-BREAK SPACE}99.9\N{NO-BREAK SPACE}%.")


def test_of_large_pictures_fewer_are_sent_the_flip_among_them(monkeypatch):
    monkeypatch.setattr(change, "LARGEST", shipped.network("photo").card.preprocessing.size ** 2 * 3 * 8)
    apps = [opened("change", model="photo", photo=sample) for sample in ("coffee", "cat", "rocket")]
    films = [component(app, "film") for app in apps]
    assert all(7 <= len(film["frames"]) <= 10 for film in films)
    turning_points = [(app, film["frames"][film["at"]]["title"]) for app, film in zip(apps, films, strict=True)]
    flips = [(app, title) for app, title in turning_points if title != "no change"]
    assert flips
    assert all(f"at **{title}**" in text(app) for app, title in flips)


def test_two_photos_stand_side_by_side_and_the_link_names_the_other():
    app = opened("photos", model="shapes", photo="star", other="circle")
    assert "A is **star**" in text(app)
    assert "B is **circle**" in text(app)
    a, b = (header["tiles"] for header in components(app, "maps") if header["label"] in ("Maps of A", "Maps of B"))
    assert [tile["index"] for tile in a] == [tile["index"] for tile in b]
    app.pills(key="choose_other").set_value("star").run()
    assert "A and B are the same photo" in text(app)
    assert not components(app, "bars")


def test_how_different_two_photos_are_is_said_with_what_the_ends_of_the_scale_mean():
    app = opened("photos", model="shapes", photo="star", other="circle")
    pair = Pair(shipped.traced("shapes", "star"), shipped.traced("shapes", "circle"))
    most = max(each.share for each in pair.stages if each.stage.is_maps)
    assert f"where the maps are {percent(most)} different: 0 % would be the same maps" in text(app)


def test_the_maps_of_two_photos_begin_where_they_differ_most_and_lead_back_there():
    pair = Pair(shipped.traced("shapes", "star"), shipped.traced("shapes", "circle"))
    most = max((each for each in pair.stages if each.stage.is_maps), key=lambda each: each.share).stage
    layers = shipped.network("shapes").layers
    name = next(layer.name for layer in layers if most in layer.stages)
    app = opened("photos", model="shapes", photo="star", other="circle")
    assert app.button_group(key="choose_layer").value == name
    app.button_group(key="choose_layer").set_value(next(layer.name for layer in layers if layer.name != name)).run()
    way = next(button for button in app.button if button.label.startswith("Where they differ most"))
    way.click().run()
    assert app.button_group(key="choose_layer").value == name
    assert app.query_params["layer"] == name


def test_a_photo_of_ones_own_is_compared_with_and_changes_places():
    app = opened("photos", model="photo", photo="coffee")
    uploader(app).upload("mine.jpg", jpeg(), "image/jpeg")
    app.run()
    assert app.query_params["photo"] == "coffee"
    mine = app.query_params["other"]
    assert mine.startswith("own-")
    assert "**B**: your photo" in text(app)
    before = answers(app)
    button(app, "Swap A and B").click().run()
    assert (app.query_params["photo"], app.query_params["other"]) == (mine, "coffee")
    assert "**A**: your photo" in text(app)
    assert answers(app) == before[::-1]
    uploader(app).upload("mine.jpg", jpeg(1), "image/jpeg")
    app.run()
    assert app.query_params["photo"] == mine
    assert app.query_params["other"] not in (mine, "coffee")
    button(app, "Swap A and B").click().run()
    assert app.query_params["other"] == mine
    labelled(app.pills, "Photo").set_value("cat").run()  # B stays
    assert app.query_params["other"] == mine


def test_a_choice_on_the_page_of_one_network_that_comes_with_the_choice_of_another_is_passed_over():
    app = opened("evidence", model="photo", photo="coffee")
    labelled(app.selectbox, "Why this class").set_value(150)
    app.selectbox(key="choose_model").set_value("shapes").run()
    assert not app.exception
    assert (app.query_params["model"], app.query_params.get("answer")) == ("shapes", None)


def test_both_photos_can_be_any_of_ones_own():
    app = opened("photos", model="photo", photo="coffee")
    upload(app, jpeg())  # A
    uploader(app).upload("mine.jpg", jpeg(1), "image/jpeg")
    app.run()
    first, second = app.query_params["photo"], app.query_params["other"]
    assert ["**A**: your photo 1" in text(app), "**B**: your photo 2" in text(app)] == [True, True]
    beside = labelled(app.pills, "Photo B: compare with")
    assert beside.options[-2:] == ["your photo 1", "your photo 2"]
    beside.set_value(first).run()
    assert app.info[0].value == "A and B are the same photo: choose another one for B."
    labelled(app.pills, "Photo").set_value(second).run()
    assert ["**A**: your photo 2" in text(app), "**B**: your photo 1" in text(app)] == [True, True]


def test_of_ones_own_photos_the_last_two_stay_and_the_one_beside():
    app = opened("photos", model="photo", photo="coffee")
    uploader(app).upload("mine.jpg", jpeg(1), "image/jpeg")
    app.run()
    other = app.query_params["other"]
    shown = []
    for seed, count in ((0, 2), (2, 3), (3, 4)):
        upload(app, jpeg(seed))
        shown.append(app.query_params["photo"])
        assert f"**A**: your photo {count}" in text(app)
    assert "**B**: your photo 1" in text(app)
    assert list(app.session_state.own_photos) == [other, *shown[-2:]]


def test_back_to_before_a_swap_shows_both_photos_where_they_were():
    app = opened("photos", model="photo", photo="coffee", other="cat")
    uploader(app).upload("mine.jpg", jpeg(), "image/jpeg")
    app.run()
    before, shown = dict(app.query_params), components(app, "bars")
    button(app, "Swap A and B").click().run()
    app.query_params.clear()
    app.query_params.update(before)
    app.run()
    assert not app.info
    assert components(app, "bars") == shown


def test_photos_that_change_places_twice_before_the_page_is_drawn_are_where_they_were(monkeypatch):
    swap = state.swap
    app = opened("photos", model="photo", photo="coffee", other="cat")
    uploader(app).upload("mine.jpg", jpeg(), "image/jpeg")
    monkeypatch.setattr(state, "swap", lambda: (swap(), swap()))
    app.run()
    before = dict(app.query_params)
    button(app, "Swap A and B").click().run()
    assert not app.exception
    assert dict(app.query_params) == before


def test_a_file_that_is_no_photo_is_refused_for_b_alone():
    app = opened("photos", model="photo", photo="coffee", other="cat")
    uploader(app).upload("mine.jpg", b"%PDF-1.4", "image/jpeg")
    app.run()
    assert "This file is a PDF document" in app.error[0].value
    assert "espresso" in text(app)
    assert not components(app, "bars")
    button(app, "Back to the cat").click().run()
    assert not app.error
    assert app.query_params["other"] == "cat"
    assert len(components(app, "bars")) == 2


def uploader(app: AppTest):
    """That of photo B."""
    return next(each for each in app.file_uploader if each.key.startswith("upload_other"))


def button(app: AppTest, label: str):
    return next(each for each in app.button if each.label == label)


@pytest.mark.parametrize("view", TRIED)
def test_trust_is_tried_only_when_opened_and_says_what_the_map_is_worth(view):
    app = opened(view, model="shapes", photo="star")
    assert "With its weights shuffled" not in text(app)
    app.session_state[_key(view)] = True
    app.run()
    assert not app.exception
    assert "better than random" in text(app) or "points at what the answer rests on" in text(app)
    assert "rank correlation" in text(app)
    assert len(components(app, "chart")) == 2


def test_trust_is_judged_for_the_question_asked():
    app = opened("evidence", model="shapes", photo="star", answer="star", against="line")
    app.session_state["trust-evidence"] = True
    app.run()
    assert "for star rather than line" in text(app)
    curves = components(app, "chart")
    assert [curve["y"]["title"] for curve in curves] == ["probability of star, if it is that or line"] * 2
    network, prepared = star()
    asked = Question(*(network.card.classes.index(each) for each in ("star", "line")))
    assert curves[0]["lines"][0]["y"][0] == pytest.approx(
        float(chosen(network, network.logits(prepared.tensor), asked)[0]), rel=1e-3
    )


def _key(view: str) -> str:
    patch = middle(patches(32))
    name = {"gradients": "saliency", "occlusion": f"occlusion-{patch}-{patch // 2}"}.get(view, view)
    return f"trust-{name}"


@pytest.mark.parametrize(("view", "key"), [("evidence", "every_channel"), ("switches", "every_switch"), ("photos", "every_step")])
def test_the_numbers_are_listed_when_asked_for(view, key):
    app = opened(view, model="shapes", photo="star")
    assert not components(app, "table")
    app.session_state[key] = True
    app.run()
    assert not app.exception
    assert len(component(app, "table")["rows"]) >= 8


@pytest.mark.parametrize("view", VIEWS)
def test_ones_own_photo_is_explained(view):
    app = upload(opened(view, model="photo"), jpeg())
    assert not app.exception
    assert app.query_params["photo"].startswith("own-")
    assert len(app.get("download_button")) == 2


def test_a_file_of_numbers_says_what_they_are():
    about = {"question": "Why star?", "photo": "star"}
    with np.load(io.BytesIO(npz({"drops": Quantity(np.arange(3.0), "logits")}, about, ("star", "line")))) as file:
        assert file["drops"].tolist() == [0, 1, 2]
        assert file["units"].tolist() == [["drops", "logits"]]
        assert dict(file["about"].tolist()) == about
        assert file["classes"].tolist() == ["star", "line"]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("fine", [False, True])
def test_a_saved_picture_is_the_map_on_the_photo(channels, fine):
    photo = np.full((SIZE, SIZE, channels), 128, np.uint8)
    values = np.zeros((4, 4))
    values[0, 0] = 1
    shown = Heat(photo, values, scale_of(values, "evidence"), "of the logit", fine)
    panel = on_photo(shown, "a map")
    assert panel.picture.shape[2] == 3
    assert (panel.title, panel.scale, panel.unit) == ("a map", shown.scale, "of the logit")
    strong, none = panel.picture[0, 0].astype(int), panel.picture[-1, -1].astype(int)
    assert strong[1] - strong[0] > 20  # green speaks for it
    assert np.ptp(none) <= 1
    assert none[0] == pytest.approx(128 + 127 * (shown.begin / 50 - 1), abs=1)  # white comes over what is 0


def test_files_are_named_by_photo_network_question_and_method():
    visit = SimpleNamespace(
        selection=SimpleNamespace(photo="own-1a2b3c4d", model="photo"),
        network=SimpleNamespace(card=SimpleNamespace(classes=("café / bar", "猫", "tabby, tabby cat"))),
    )
    names = []
    for asked in (Question(0), Question(1), Question(0, 2), Question(2, 1)):
        visit.asked = asked
        names.append(file_name(visit, Saved("with conv3/Relu", "")))
    assert names == [
        "own-1a2b3c4d-photo-why-cafe-bar-with-conv3-Relu",
        "own-1a2b3c4d-photo-why-class-1-with-conv3-Relu",
        "own-1a2b3c4d-photo-why-cafe-bar-rather-than-tabby-tabby-cat-with-conv3-Relu",
        "own-1a2b3c4d-photo-why-tabby-tabby-cat-rather-than-class-1-with-conv3-Relu",
    ]
    assert file_name(visit, Saved("with-cat", "", asks=False)) == "own-1a2b3c4d-photo-with-cat"


def test_the_switches_say_how_probable_both_classes_of_the_question_have_become():
    network, prepared = star()
    stage = open_switchboard(network).stages[-1]
    silent = "".join(f"-{channel}" for channel in range(stage.shape[0]))
    app = open_app(PAGE, view="switches", model="shapes", photo="star", against="line", switches=f"3{silent}")
    before = network.predict(prepared)
    gains = {stage.tensor: np.zeros((1, stage.shape[0]), np.float32)}
    now = network.prediction(open_switchboard(network).answer(prepared.tensor, gains)[0])
    for name in ("star", "line"):
        index = network.card.classes.index(name)
        was, becomes = (percent(float(each.probabilities[index])) for each in (before, now))
        assert was != becomes
        assert f"**{name}** {becomes}, before {was}" in text(app)
