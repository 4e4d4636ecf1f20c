import re
from types import SimpleNamespace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from convoscope.evidence import linear_head
from convoscope.graph.reading import GraphError
from convoscope.strength import strongest_first
from convoscope.words import place
from tests import shipped
from tests.convoscope.zoo import ZOO
from tests.graphs import card, large, write
from tests.pages.app import component, jpeg, open_app, text, upload
from ui.parts.channel import about_channel

PAGE = "pages/unit.py"
LARGEST = 4 * 2**20  # bytes of one view


def unit(app: AppTest) -> dict:
    assert not app.exception
    return component(app, "unit")


def size(app: AppTest) -> int:
    return max(len(node.proto.bytes) for node in app.get("bidi_component"))


def test_it_opens_on_the_first_layers_convolution_and_its_strongest_channel():
    header = unit(open_app(PAGE))
    assert header["kind"] == "weighted"
    assert header["labels"] == ["red", "green", "blue"]
    assert header["chosenChannel"] == header["channels"][0]["index"]
    assert [step["kind"] for step in header["next"]] == ["unary", "largest"]
    assert not header["pinned"]


def test_it_says_where_it_begins_if_the_strongest_cell_lies_on_the_border():
    values = shipped.traced("photo", "coffee").values(next(iter(shipped.network("photo").stages)))
    strongest = values[strongest_first(values)[0]]
    y, x = np.unravel_index(strongest.argmax(), strongest.shape)
    assert y in (0, strongest.shape[0] - 1) or x in (0, strongest.shape[1] - 1)
    assert "its strongest cell off the border" in text(open_app(PAGE))
    assert "its strongest cell off the border" not in text(open_app(PAGE, cell=f"{y},{x}"))


@pytest.mark.parametrize("model", ["photo", "shapes"])
def test_every_step_of_every_layer_is_shown_in_less_than_4_mb(model):
    for layer in shipped.network(model).layers:
        for stage in layer.stages:
            app = open_app(PAGE, model=model, layer=layer.name, stage=stage.tensor)
            header = unit(app)
            assert header["height"] * header["width"] == (stage.shape[1] * stage.shape[2] if len(stage.shape) == 3 else 1)
            assert size(app) <= LARGEST


@pytest.mark.parametrize("name", ZOO)
def test_every_step_of_odd_networks_is_shown(shelf, name):
    for layer in ZOO[name].load(shelf / name).layers:
        for stage in layer.stages:
            assert unit(open_app(PAGE, layer=layer.name, stage=stage.tensor))["names"]


def test_the_branches_of_a_residual_sum_are_told_apart(shelf):
    ZOO["residual"].load(shelf / "residual")
    header = unit(open_app(PAGE, layer="conv2", stage="joined", channel="1"))
    assert header["labels"] == ["layer conv2 after ReLU, channel 1", "layer conv1 after ReLU, channel 1"]


def test_a_step_that_has_no_picture_is_named(monkeypatch):
    monkeypatch.setattr("ui.parts.unit.Workings.recipe", _refuse)
    app = open_app(PAGE)
    assert not app.exception
    assert "cannot be shown yet: conv1" in text(app)


def _refuse(self, stage, channel):
    raise GraphError(stage.tensor)


def test_a_link_pins_its_cell_and_one_beyond_the_map_is_moved_to_its_edge():
    assert unit(open_app(PAGE, cell="3,40"))["cell"] == [3, 40]
    beyond = unit(open_app(PAGE, layer="conv5", cell="3,40"))
    assert (beyond["cell"], beyond["pinned"]) == ([3, shipped.stage("photo", "conv5").shape[2] - 1], True)


def test_another_photo_keeps_the_channel_and_the_cell():
    app = open_app(PAGE, layer="conv2", channel="5", cell="3,4")
    app = upload(app, jpeg())
    header = unit(app)
    assert (header["cell"], header["chosenChannel"]) == ([3, 4], 5)
    assert "Your photo: " in text(app)


def test_another_step_or_layer_keeps_the_place_of_the_cell_on_the_photo():
    app = open_app(PAGE, layer="conv2", channel="5", cell="12,21")
    app.segmented_control(key="choose_stage").set_value("pool2").run()
    assert (unit(app)["chosenChannel"], unit(app)["cell"], unit(app)["pinned"]) == (5, [6, 10], True)
    app.segmented_control(key="choose_layer").set_value(f"conv{len(shipped.counts('photo'))}").run()
    assert unit(app)["chosenChannel"] == unit(app)["channels"][0]["index"]
    assert (unit(app)["cell"], unit(app)["pinned"]) == ([3, 5], True)
    assert app.query_params["cell"] == "3,5"
    app.segmented_control(key="choose_layer").set_value("logits").run()
    assert not unit(app)["pinned"]
    assert "cell" not in app.query_params


def test_a_channel_that_the_step_does_not_have_gives_way_to_the_strongest():
    app = open_app(PAGE, model="shapes", layer="conv3", stage="features", channel="77")
    app.segmented_control(key="choose_stage").set_value("conv3").run()
    assert unit(app)["chosenChannel"] < 8
    assert "channel" not in app.query_params


def test_the_dense_layer_is_about_the_chosen_class_and_has_the_softmax():
    app = open_app(PAGE, layer="logits", answer="teapot")
    assert unit(app)["unit"] == "the logit of “teapot”"
    assert unit(app)["averagedSize"] == list(shipped.network("photo").layers[-2].map_stages[0].shape[1:])
    softmax = component(app, "softmax")
    assert softmax["classes"][softmax["chosen"]] == "teapot"
    assert softmax["temperature"] == shipped.network("photo").card.calibration.temperature


def test_a_file_that_cannot_be_shown_leaves_no_number():
    app = upload(open_app(PAGE), b"not a picture")
    assert len(app.error) == 1
    assert [node.proto.component_name for node in app.get("bidi_component")] == ["convoscope.paste"]


def test_of_a_very_large_layer_the_strongest_maps_are_sent_and_what_the_others_add(shelf):
    built = large()
    write(shelf / "large", built, card(built, 224, 3, 2))
    for layer, stage, left in (("conv2", "conv2", True), ("conv1", "conv1", False), ("conv2", "pool2", False)):
        app = open_app(PAGE, layer=layer, stage=stage)
        header = unit(app)
        assert header["height"] == (112 if stage == "pool2" else 224)
        assert size(app) <= LARGEST
        assert (header["left"] > 0) == left
        if left:
            assert header["count"] + header["left"] == 512
            assert header["count"] == len(header["labels"]) >= 8
            assert {"restSums", "restMagnitudes"} <= set(header["names"])


@pytest.mark.parametrize("model", ["photo", "shapes"])
def test_it_says_which_answers_a_channel_of_the_last_maps_speaks_for(model):
    network = shipped.network(model)
    head = linear_head(network)
    layer = next(layer for layer in network.layers if head.stage in layer.stages)
    channel = head.stage.shape[0] - 1
    weights = head.weights[:, channel].mean((1, 2))
    said = text(open_app(PAGE, model=model, layer=layer.name, channel=str(channel)))
    told = re.search(
        r"By the weights of the last layer it speaks most for (.*?), and most against (.*?)\.", said.replace("\\", "")
    )
    assert told
    for names, best in zip(told.groups(), (weights.argmax(), weights.argmin()), strict=True):
        assert names.startswith(network.card.classes[best])


def test_it_says_where_a_channel_stands_among_the_others_on_this_photo():
    maps = shipped.traced("shapes", "star").values(shipped.stage("shapes", "conv2"))
    for rank, channel in enumerate(strongest_first(maps), 1):
        said = text(open_app(PAGE, model="shapes", photo="star", layer="conv2", channel=str(channel)))
        assert (
            f"channel **{channel}** is number {rank} of {len(maps)} on the star; it responds most {place(maps[channel])}" in said
        )
        assert "By the weights of the last layer" not in said  # there are layers between


def test_of_normalisations_and_products_it_says_where_the_factor_comes_from(shelf):
    for name in ("modern", "residual", "curved"):
        ZOO[name].load(shelf / name)
    modern = text(open_app(PAGE, model="modern", layer="conv1", stage="normal"))
    assert "by the standard deviation of all 4 channels in the same place" in modern
    assert "that was counted in training" in text(open_app(PAGE, model="residual", layer="conv1", stage="norm1"))
    curved = text(open_app(PAGE, model="curved", layer="more", stage="excited"))
    assert "The value of **layer more after hard sigmoid** for this channel is the factor, the same in every place." in curved


def test_of_a_channel_that_is_silent_it_says_so_and_of_the_classes_scores_nothing():
    visit = SimpleNamespace(photo_title="the star", tools=SimpleNamespace(head=None))
    stage = shipped.stage("shapes", "conv2")
    assert about_channel(visit, stage, np.zeros((2, 3, 3)), 1) == "Channel **1** does not respond to the star."
    assert "channel" not in text(open_app(PAGE, model="shapes", layer=shipped.network("shapes").layers[-1].name))
