import inspect
import re
from urllib.parse import parse_qs

import numpy as np
import pytest

from convoscope import words
from convoscope.firsts import first_convolution
from convoscope.last_layer import last_layer
from convoscope.learning_step import learning_step
from convoscope.network import Network, Trace
from convoscope.photo import read
from convoscope.prepare import Crop, centre_crop, prepare
from convoscope.trial import drowned, fed, on_grey, pushed
from tests import shipped
from tests.convoscope.zoo import ZOO
from tests.graphs import card, large, write
from tests.pages.app import component, components, jpeg, open_app, text, upload
from ui.chapters import CHAPTERS
from ui.parts.steps import _MODULES as MODULES
from ui.samples import samples_for

PAGE = "pages/steps.py"


def open_chapter(chapter: str, model: str = "shapes", **link: str):
    app = open_app(PAGE, model=model, chapter=chapter, **link)
    assert not app.exception
    return app


def traced(model: str) -> tuple[Network, Trace]:
    """Of the sample that a page opens on."""
    network = shipped.network(model)
    return network, shipped.traced(model, samples_for(network.card)[0].name)


def guess(app, option: int):
    return app.radio[0].set_value(option).run()


@pytest.mark.parametrize("model", ["photo", "shapes"])
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_chapter_has_its_title_its_code_and_a_question(model, chapter):
    app = open_chapter(chapter, model)
    assert app.header[0].value == f"{list(CHAPTERS).index(chapter) + 1}. {CHAPTERS[chapter]}"
    assert [code.value for code in app.code] == [inspect.getsource(function).rstrip() for function in MODULES[chapter].CODE]
    assert len(app.radio[0].options) >= 2
    assert app.radio[0].value is None


@pytest.mark.parametrize("model", ["photo", "shapes"])
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_one_answer_is_right_and_the_others_are_told_it(model, chapter):
    said = []
    for option in range(len(open_chapter(chapter, model).radio[0].options)):
        app = guess(open_chapter(chapter, model), option)
        assert not app.exception
        assert len(app.success) + len(app.info) == 1
        said.append(bool(app.success))
        if app.info:
            assert app.info[0].value.startswith("**It is: ")
    assert said.count(True) == 1


def test_it_opens_on_the_first_chapter_and_a_wrong_link_says_so():
    assert open_app(PAGE).header[0].value.startswith("1. ")
    app = open_app(PAGE, chapter="nowhere")
    assert app.header[0].value.startswith("1. ")
    assert "asks for the chapter “nowhere”" in app.info[0].value


def test_next_and_back_go_through_all_chapters():
    app = open_chapter("picture")
    seen = [app.header[0].value]
    while onward := [button for button in app.button if button.label.endswith("→")]:
        app = onward[0].click().run()
        seen.append(app.header[0].value)
    assert seen == [f"{number}. {title}" for number, title in enumerate(CHAPTERS.values(), 1)]
    assert app.query_params["chapter"] == "slips"
    app = next(button for button in app.button if button.label.startswith("←")).click().run()
    assert app.header[0].value.startswith("9. ")


def test_progress_is_kept_through_chapters_pages_and_photos():
    app = guess(open_chapter("picture"), 1)
    assert "1 of 10 questions answered, 0 right at once" in text(app)
    assert [row["done"] for row in component(app, "chapters", None)["rows"]] == [True] + [False] * 9
    app.switch_page("pages/layers.py").run()
    app.switch_page(PAGE).run()
    assert app.radio[0].value == 1
    assert app.info
    app = upload(app, jpeg())
    assert app.radio[0].value is None  # another photo, another question
    assert "1 of 10 questions answered" in text(app)


def test_the_share_that_relu_cuts_is_the_traces():
    _, trace = traced("photo")
    before, after, *_ = (each.values for each in trace.activations)
    share = words.percent(float((before < 0).mean()))
    assert f"**{share}** were below zero" in text(open_chapter("relu", "photo"))
    pair = component(open_chapter("relu", "photo"), "pair", None)
    strongest = int(after.reshape(len(after), -1).max(1).argmax())
    assert pair["channels"][0]["name"] == f"channel {strongest}"
    assert words.number(float(after.max())) in pair["channels"][0]["about"]


@pytest.mark.parametrize("model", ["photo", "shapes"])
def test_the_terms_of_the_logit_add_up_as_printed(model):
    for index in (0, 3):
        name = shipped.network(model).card.classes[index]
        app = open_chapter("answer", model, answer=name)
        rows = component(app, "ledger", "The terms")["rows"]
        printed = [float(row["cells"][-1].replace("−", "-").replace(",", "")) for row in rows]
        assert sum(printed[:-1]) == pytest.approx(printed[-1], abs=1e-9)
        _, trace = traced(model)
        assert printed[-1] == pytest.approx(trace.prediction.logits[index], abs=1e-4)


@pytest.mark.parametrize("model", ["photo", "shapes"])
def test_softmax_starts_from_the_classes_and_the_temperature_of_the_network(model):
    network, trace = traced(model)
    header = component(open_chapter("answer", model), "softmax", None)
    assert header["classes"] == list(network.card.classes)
    assert header["chosen"] == trace.prediction.best.index
    assert header["temperature"] == (network.card.calibration.temperature if network.card.calibration else 1)


def test_the_step_of_learning_is_the_engines_and_follows_rate_and_class():
    network, trace = traced("photo")
    layer = last_layer(network, trace)
    assert layer
    app = open_chapter("learning", "photo", answer="candle")
    target = network.card.classes.index("candle")
    for rate in (0.01, 0.1):
        app = app.select_slider[0].set_value(rate).run()
        step = learning_step(layer, target, rate)
        after = float(step.probabilities_after[target])
        assert [metric.value for metric in app.metric] == [f"{after * 100:.3f}\N{NO-BREAK SPACE}%", f"{step.loss_after:.4f}"]
        assert f"**{step.loss:.4f}**" in text(app)
    assert "gradient descent" in text(app).lower()


def test_what_people_get_wrong_comes_with_numbers_of_this_photo():
    _, trace = traced("photo")
    shown = text(open_chapter("slips", "photo"))
    assert shown.count("“") >= 6
    assert words.number(float(trace.activations[0].values.max())) in shown
    residual = re.search(r"within ([\d.e-]+) of ONNX", shown)
    assert residual
    assert float(residual[1]) < 1e-5


@pytest.mark.parametrize("model", ["photo", "shapes"])
def test_a_push_and_noise_are_run_through_the_network(model):
    network, trace = traced(model)
    photo = samples_for(network.card)[0].open()
    made = prepare(photo, centre_crop(photo), network.card.preprocessing)
    app = open_chapter("slips", model)
    for key, value, pixels in (("push", -5, pushed(made.resized, -5)), ("noise", 30, drowned(made.resized, 0.3))):
        app = app.slider(key=f"tour-{key}").set_value(value).run()
        assert not app.exception
        now = network.predict(fed(made, pixels, network.card.preprocessing))
        shown = [
            {row["cells"][0]: row["cells"][1:] for row in header["rows"]}
            for header in components(app, "ledger")
            if header["label"].startswith("The answer for the photo")
        ][key == "noise"]
        for name, (before, after) in shown.items():
            at = network.card.classes.index(name)
            assert before == words.percent(trace.prediction.probabilities[at])
            assert after == words.percent(now.probabilities[at])
        assert {answer.name for answer in now.answers[:3]} <= set(shown)
    assert f"With 30 % noise the network says **{words.plain(now.best.name)}**" in text(app)


def test_the_grey_patch_follows_its_slider():
    network, trace = traced("photo")
    made = prepare(samples_for(network.card)[0].open(), Crop(0, 0, 64), network.card.preprocessing)
    first = first_convolution(network, made, trace)
    assert first
    app = open_chapter("slips", "photo")
    for level in (0, 200):
        answers = on_grey(first, level, network.card.preprocessing)
        most = int(abs(answers).argmax())
        shown = text(app.slider(key="tour-grey").set_value(level).run())
        assert f"Where all pixels are {level}, kernel {most} answers **{words.number(float(answers[most]))}**" in shown


def test_the_largest_number_of_the_first_maps_can_be_checked_on_its_page():
    _, trace = traced("photo")
    values = trace.activations[0].values
    channel, row, column = np.unravel_index(values.argmax(), values.shape)
    link = open_chapter("kernels", "photo").get("page_link")[-1].proto
    assert link.page == "unit"
    asked = parse_qs(link.query_string)
    assert (asked["layer"], asked["channel"], asked["cell"]) == (["conv1"], [str(channel)], [f"{row},{column}"])


def test_ones_own_photo_gives_its_own_numbers():
    app = upload(open_chapter("relu", "photo"), jpeg(4))
    network = shipped.network("photo")
    photo = read(jpeg(4))
    trace = network.trace(prepare(photo, centre_crop(photo), network.card.preprocessing))
    assert f"**{words.percent(float((trace.activations[0].values < 0).mean()))}** were below zero" in text(app)


def test_the_deepest_cell_sees_what_the_slider_ends_at():
    steps = component(open_chapter("again", "photo"), "fields", None)["steps"]
    sides = [columns[len(columns) // 2][1] - columns[len(columns) // 2][0] for columns in (step["columns"] for step in steps)]
    assert sides[0] == 3
    assert sides == sorted(sides)
    assert sides[-1] == shipped.network("photo").card.preprocessing.size


@pytest.mark.parametrize("name", ZOO)
def test_a_strangers_network_is_explained_in_every_chapter(shelf, name):
    ZOO[name].load(shelf / name)
    for chapter in CHAPTERS:
        app = open_app(PAGE, chapter=chapter)
        assert not app.exception, (chapter, app.exception[0].value)
        assert len(app.radio[0].options) >= 2
        app = guess(app, 0)
        assert len(app.success) + len(app.info) == 1


def test_of_a_very_large_network_every_chapter_is_sent_in_4_mb(shelf):
    built = large()
    write(shelf / "large", built, card(built, 224, 3, 2))
    for chapter in CHAPTERS:
        app = open_app(PAGE, chapter=chapter)
        assert not app.exception
        assert max(len(node.proto.bytes) for node in app.get("bidi_component")) <= 4 * 2**20, chapter
        assert ("of 512 are shown" in text(app)) == (chapter == "kernels")
