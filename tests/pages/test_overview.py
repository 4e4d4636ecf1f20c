"""The network at a glance and the kernels, as the page hands them to its components."""

import io

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from convoscope.kernels import kernels, norms
from convoscope.network import load
from convoscope.overview import reduced
from tests import shipped
from tests.convoscope.zoo import SIZE, ZOO
from tests.graphs import card, large, write
from tests.pages.app import component, open_app, text, upload
from ui.parts.overview import FINENESS

PAGE = "pages/layers.py"
LIMIT = 116 * shipped.network("photo").card.preprocessing.size ** 2  # bytes


def glance(app: AppTest) -> dict:
    assert not app.exception
    return component(app, "overview")


def with_kernels(**link: str) -> AppTest:
    app = open_app(PAGE, **link)
    app.session_state["kernels"] = True
    return app.run()


def unfold(app: AppTest) -> AppTest:
    return next(button for button in app.button if button.label == "Unfold all layers").click().run()


def size(app: AppTest) -> int:
    return next(len(node.proto.bytes) for node in app.get("bidi_component") if node.proto.component_name == "convoscope.overview")


def test_the_photo_network_shows_eight_of_each_layer_and_five_answers():
    app = open_app(PAGE)
    header = glance(app)
    counts, classes = shipped.counts("photo"), shipped.network("photo").card.classes
    assert [len(group["tiles"]) for group in header["groups"]] == [3, *[8] * len(counts)]
    assert [group["more"] for group in header["groups"]][1:] == [f"+ {count - 8}" for count in counts]
    assert [group["title"] for group in header["groups"]][:3] == ["photo", "conv 1", "conv 2"]
    assert (len(header["outcomes"]), header["more"]) == (5, f"+ {len(classes) - 5}")
    assert len(header["edges"]) == 3 * 8 + (len(counts) - 1) * 8 * 8 + 8 * 5
    assert size(app) < LIMIT


def test_the_shapes_network_shows_every_channel_and_every_edge():
    header = glance(open_app(PAGE, model="shapes", photo="star"))
    assert header["note"] == "every channel"
    assert [len(group["tiles"]) for group in header["groups"]] == [1, 8, 8, 8]
    assert len(header["outcomes"]) == 7
    names = [tile["name"] for tile in header["groups"][1]["tiles"]]
    assert names == [f"conv 1, channel {channel}" for channel in range(8)]


def test_unfolded_there_is_a_column_for_each_step():
    app = unfold(open_app(PAGE))
    header = glance(app)
    assert [group["title"] for group in header["groups"]][:5] == ["photo", "conv 1", "ReLU", "pooling", "conv 2"]
    assert [group["joined"] for group in header["groups"]][:5] == [False, False, True, True, False]
    assert {group["palette"] for group in header["groups"][1:3]} == {"signed", "positive"}
    assert header["groups"][2]["tiles"][0]["name"].startswith("conv 1 after ReLU, channel ")
    assert "Made of conv 1, channel " in header["groups"][2]["tiles"][0]["text"]
    average = header["groups"][-1]
    assert average["title"] == "average"
    assert [float(tile["written"]) for tile in average["tiles"]]
    assert size(app) < LIMIT


def test_one_layer_is_unfolded_by_its_name():
    app = open_app(PAGE)
    assert [group["fold"] for group in glance(app)["groups"]][:2] == [None, {"layer": "conv1", "open": False}]
    app.session_state["unfolded"] = frozenset({"conv2"})
    header = glance(app.run())
    assert [group["title"] for group in header["groups"]][:6] == ["photo", "conv 1", "conv 2", "ReLU", "pooling", "conv 3"]
    assert [group["fold"] and group["fold"]["open"] for group in header["groups"]][:6] == [None, False, True, None, None, False]
    next(button for button in app.button if button.label == "Fold all layers").click().run()
    assert not any(group["joined"] for group in glance(app)["groups"])


def test_what_is_said_of_a_map_is_what_the_engine_traced():
    values = shipped.traced("shapes", "star").values(shipped.network("shapes").layers[1].map_stages[1])
    for channel, tile in enumerate(glance(open_app(PAGE, model="shapes", photo="star"))["groups"][2]["tiles"]):
        low, high = (float(value) for value in tile["text"].split("Values from ")[1].split(",")[0].split(" to "))
        assert (low, high) == (float(f"{values[channel].min():.3g}"), float(f"{values[channel].max():.3g}"))
        assert f"; {(values[channel] > 1e-6).mean():.1%}".replace("%", "\N{NO-BREAK SPACE}%") in tile["text"]
        assert ("riven most by conv 1, channel " in tile["text"]) or ("eld back most by conv 1, channel " in tile["text"])


def test_the_scale_of_the_page_is_the_scale_here():
    layer, single, network = (glance(open_app(PAGE, scale=scale)) for scale in ("layer", "map", "network"))
    assert len({group["ticks"][-1] for group in layer["groups"][1:]}) > 1
    assert all(group["palette"] is None and not group["ticks"] for group in single["groups"])
    assert len({group["ticks"][-1] for group in network["groups"][1:]}) == 1
    chosen = [next(scale["name"] for scale in header["scales"] if scale["chosen"]) for header in (layer, single, network)]
    assert chosen == ["layer", "map", "network"]


def test_the_chosen_channel_is_marked():
    header = glance(open_app(PAGE, model="shapes", layer="conv2", channel="5"))
    marked = [tile["name"] for group in header["groups"] for tile in group["tiles"] if tile["marked"]]
    assert marked == ["conv 2, channel 5"]


def test_a_silent_map_says_so():
    file = io.BytesIO()
    Image.new("L", (64, 64)).save(file, "PNG")
    header = glance(upload(open_app(PAGE, model="shapes"), file.getvalue()))
    silent = [tile["text"].splitlines()[0] for tile in header["groups"][3]["tiles"] if tile["text"].startswith("Silent")]
    assert silent
    assert set(silent) == {"Silent: no cell responds."}


@pytest.mark.parametrize("unfolded", [False, True])
@pytest.mark.parametrize("name", ZOO)
def test_a_strangers_network_at_a_glance(shelf, name, unfolded):
    odd = ZOO[name]
    odd.load(shelf / name)
    app = open_app(PAGE)
    if unfolded:
        unfold(app)
    header = glance(app)
    ends = sum(len(group["tiles"]) for group in header["groups"]) + len(header["outcomes"])
    assert len(header["outcomes"]) == odd.classes
    assert {target for _, target, _, _ in header["edges"]} >= set(range(ends - odd.classes, ends))
    assert all(source < target < ends for source, target, _, _ in header["edges"])
    assert header["groups"][0]["size"] == [f"{SIZE}×{SIZE}", f"×{odd.channels}"]


def test_of_a_very_large_layer_as_many_maps_are_sent_as_make_4_mb(shelf):
    built = large()
    write(shelf / "large", built, card(built, 224, 3, 2))
    app = open_app(PAGE, layer="conv1", channel="300")
    assert max(len(node.proto.bytes) for node in app.get("bidi_component")) <= 4 * 2**20
    shown = [tile["index"] for tile in component(app, "maps", "Activation")["tiles"]]
    assert 300 in shown
    assert f"{len(shown)} of 512 are shown, strongest first" in text(app)
    assert [tile["height"] for tile in glance(app)["groups"][1]["tiles"]] == [112] * 8


def test_where_many_columns_need_more_room_their_tiles_are_coarser(monkeypatch):
    fine = glance(open_app(PAGE))
    monkeypatch.setattr("ui.parts.overview.PICTURES", 0)
    coarse = glance(open_app(PAGE))
    side = shipped.stage("photo", "relu1").shape[1]
    assert fine["groups"][1]["tiles"][0]["height"] == side
    assert coarse["groups"][1]["tiles"][0]["height"] == len(reduced(np.zeros((1, side, side), np.float32), FINENESS[-1])[0])
    assert coarse["edges"] == fine["edges"]


def test_the_first_layers_kernels_are_shown_in_colour_and_in_numbers():
    app, first = with_kernels(), shipped.counts("photo")[0]
    assert len(component(app, "maps", "Kernels in colour")["tiles"]) == first
    assert sorted(tile["name"] for tile in component(app, "maps", "Kernels of channel")["tiles"]) == ["blue", "green", "red"]
    told = f"**Convolution 1** has {3 * first} kernels of 3 × 3: 3 for each of its {first} channels. Of its {27 * first:,}"
    assert f"{told} weights" in text(app)
    assert len(component(app, "table", "Norm of each channel")["rows"]) == first


def test_of_a_deeper_layer_those_of_the_chosen_channel_by_norm():
    app = with_kernels(layer="conv5", channel="7")
    header = component(app, "maps", "Kernels of channel 7")
    network = shipped.network("photo")
    own = kernels(network, network.layers[4])
    assert own is not None
    expected = np.argsort(-norms(own[7]), kind="stable")[:12].tolist()
    assert [tile["index"] for tile in header["tiles"]] == expected
    assert {tile["palette"] for tile in header["tiles"]} == {"weights"}
    assert header["ticks"][1] == "0"
    shares = component(app, "chart", "Histogram")["lines"][0]["y"]
    assert sum(shares) == pytest.approx(1)


def test_a_dense_layer_has_no_kernels():
    app = with_kernels(model="shapes", layer="logits")
    assert "it has weights, but no kernels" in text(app)


def test_kernels_are_drawn_only_once_they_are_asked_for():
    assert "Convolution 1** has" not in text(open_app(PAGE))


@pytest.mark.parametrize("name", ZOO)
def test_kernels_of_a_strangers_network(shelf, name):
    ZOO[name].load(shelf / name)
    for layer in load(shelf / name).layers:
        app = with_kernels(layer=layer.name)
        assert not app.exception
        assert ("kernels of" in text(app)) == (layer.stages[0].operator == "Conv" or layer.number == 1)
