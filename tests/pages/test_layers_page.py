import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from tests import shipped
from tests.pages.app import ROOT, component, jpeg, open_app, text, upload

PAGE = "pages/layers.py"


def maps(app: AppTest) -> dict:
    return component(app, "maps", "Activation maps")


def peaks(header: dict) -> list[float]:
    return [float(tile["note"].split("… ")[1]) for tile in header["tiles"] if tile["note"] != "silent"]


def test_it_opens_on_the_first_layer_after_relu_with_every_map():
    app = open_app(PAGE)
    assert not app.exception
    assert maps(app)["label"] == "Activation maps of Convolution 1, ReLU"
    count, height, width = shipped.stage("photo", "relu1").shape
    assert len(maps(app)["tiles"]) == count
    assert f"{count} maps of {height} × {width}" in text(app)


@pytest.mark.parametrize("model", ["photo", "shapes"])
def test_every_map_of_every_step_of_every_layer_is_there(model):
    for layer in shipped.network(model).layers:
        for stage in layer.map_stages:
            app = open_app(PAGE, model=model, layer=layer.name, stage=stage.tensor)
            assert not app.exception
            header = maps(app)
            assert sorted(tile["index"] for tile in header["tiles"]) == list(range(stage.shape[0]))
            assert {(tile["height"], tile["width"]) for tile in header["tiles"]} == {stage.shape[1:]}


def test_a_layer_without_maps_says_so():
    app = open_app(PAGE, model="shapes", layer="logits")
    assert not app.exception
    assert "has no maps. It makes 7 numbers: one score (logit) per class." in text(app)


def test_maps_come_strongest_first_or_by_number():
    strongest = peaks(maps(open_app(PAGE)))
    assert strongest == sorted(strongest, reverse=True)
    by_number = maps(open_app(PAGE, order="number"))["tiles"]
    assert [tile["index"] for tile in by_number] == list(range(shipped.counts("photo")[0]))


def test_the_colour_scale_is_one_per_layer_one_per_map_or_one_for_all():
    layer, single, network = (maps(open_app(PAGE, layer="conv2", scale=scale)) for scale in ("layer", "map", "network"))
    assert len({tile["high"] for tile in layer["tiles"]}) == 1
    assert len({tile["high"] for tile in single["tiles"]}) > 1
    assert network["tiles"][0]["high"] >= layer["tiles"][0]["high"]
    assert layer["ticks"][0] == "0"
    assert single["ticks"] is None


def test_before_relu_zero_is_in_the_middle_of_the_scale_and_after_it_at_the_end():
    before = maps(open_app(PAGE, stage="conv1"))["tiles"][0]
    after = maps(open_app(PAGE, stage="relu1"))["tiles"][0]
    assert before["palette"] == "signed"
    assert before["low"] == -before["high"]
    assert after["palette"] == "positive"
    assert after["low"] == 0


def test_every_map_has_a_text_alternative():
    assert all("strongest" in tile["text"] or "silent" in tile["text"] for tile in maps(open_app(PAGE))["tiles"])


def test_dead_channels_are_flagged_and_counted():
    file = io.BytesIO()
    Image.new("L", (64, 64)).save(file, "PNG")
    app = upload(open_app(PAGE, model="shapes", layer="conv3"), file.getvalue())
    silent = [tile for tile in maps(app)["tiles"] if tile["silent"]]
    assert silent
    assert all(tile["note"] == "silent" for tile in silent)
    assert f"**{8 - len(silent)} of 8** respond" in text(app)


def test_the_costs_are_those_of_the_graph():
    app = open_app(PAGE, model="shapes")
    weights = np.load(ROOT / "models/shapes/history/0.npz", allow_pickle=False)
    assert f"**{sum(weights[name].size for name in weights):,} parameters**" in text(app)


def test_a_link_restores_layer_step_and_channel():
    app = open_app(PAGE, model="photo", photo="cat", layer="conv3", stage="conv3", channel="5")
    assert maps(app)["enlarged"] == 5
    assert maps(app)["label"] == "Activation maps of Convolution 3, convolution"
    assert not app.info


@pytest.mark.parametrize("link", [{"layer": "conv99"}, {"stage": "relu7"}, {"channel": "400"}, {"channel": "-1"}])
def test_a_link_to_a_layer_or_channel_that_is_not_there_falls_back_with_a_note(link):
    app = open_app(PAGE, **link)
    assert not app.exception
    assert "is not here" in app.info[0].value
    assert len(maps(app)["tiles"]) == shipped.counts("photo")[0]


def test_photo_model_and_layer_survive_page_switches():
    app = upload(open_app(), jpeg())
    app.switch_page(PAGE).run()
    app.segmented_control(key="choose_layer").set_value("conv4").run()
    app.segmented_control(key="choose_order").set_value("number").run()
    app.switch_page("streamlit_app.py").run()
    assert component(app, "crop")["label"].startswith("your photo")
    app.switch_page(PAGE).run()
    assert app.segmented_control(key="choose_layer").value == "conv4"
    assert app.query_params["order"] == "number"
    assert "Your photo: " in text(app)


def test_a_click_on_a_step_of_a_layer_that_was_left_meanwhile_is_passed_over():
    app = open_app("pages/unit.py", model="photo", layer="conv1", stage="relu1", cell="5,5")
    app.session_state.selection = replace(app.session_state.selection, layer="conv2", stage=None)
    app.segmented_control(key="choose_stage").set_value("pool1").run()
    assert not app.exception
    assert app.query_params["layer"] == "conv2"


def test_another_network_keeps_the_layer_where_it_has_one_of_that_name():
    app = open_app(PAGE, model="photo", layer="conv5", stage="relu5", channel="5")
    app.selectbox(key="choose_model").set_value("cifar10").run()
    assert app.query_params["layer"] == "conv5"
    assert "channel" not in app.query_params
    app.selectbox(key="choose_model").set_value("shapes").run()
    assert "layer" not in app.query_params


def test_the_photo_can_be_changed_in_place():
    app = upload(open_app(PAGE, layer="conv2"), jpeg())
    assert "Your photo: " in text(app)
    assert maps(app)["label"] == "Activation maps of Convolution 2, ReLU"


def test_a_bad_file_shows_no_maps():
    app = upload(open_app(PAGE), b"not a picture")
    assert len(app.error) == 1
    assert [node.proto.component_name for node in app.get("bidi_component")] == ["convoscope.paste"]


def test_a_bad_file_is_forgotten_on_the_next_page():
    app = upload(open_app(), b"not a picture")
    app.switch_page(PAGE).run()
    assert not app.error
    assert len(maps(app)["tiles"]) == shipped.counts("photo")[0]
