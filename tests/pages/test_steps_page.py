import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from convoscope import words
from convoscope.last_layer import last_layer
from convoscope.learning_step import learning_step
from convoscope.network import Network, Trace, load
from convoscope.photo import read
from convoscope.prepare import centre_crop, prepare
from tests.convoscope.zoo import ZOO
from tests.pages.app import ROOT, component, jpeg, open_app, text, upload
from ui import state
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
    network = load(ROOT / "models" / model)
    photo = samples_for(network.card)[0].open()
    return network, network.trace(prepare(photo, centre_crop(photo), network.card.preprocessing))


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
    assert "1 of 10 questions answered" in text(app)
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
        name = load(ROOT / "models" / model).card.classes[index]
        app = open_chapter("answer", model, answer=name)
        rows = component(app, "ledger", "The terms")["rows"]
        printed = [float(row["cells"][-1].replace("−", "-").replace(",", "")) for row in rows]
        assert sum(printed[:-1]) == pytest.approx(printed[-1], abs=1e-9)
        _, trace = traced(model)
        assert printed[-1] == pytest.approx(trace.prediction.logits[index], abs=1e-4)


@pytest.mark.parametrize("model", ["photo", "shapes"])
def test_softmax_ends_at_the_percentages_of_the_other_pages(model):
    _, trace = traced(model)
    rows = component(open_chapter("answer", model), "ledger", "Softmax")["rows"]
    for row, answer in zip(rows, trace.prediction.answers[:5], strict=False):
        assert (row["cells"][0], row["cells"][-1]) == (answer.name, words.percent(answer.probability))
        assert row["bar"] == pytest.approx(answer.probability, rel=1e-4)
    assert sum(row["bar"] for row in rows if row["bar"] is not None) == pytest.approx(1)


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


def test_ones_own_photo_gives_its_own_numbers():
    app = upload(open_chapter("relu", "photo"), jpeg(4))
    network = load(ROOT / "models/photo")
    photo = read(jpeg(4))
    trace = network.trace(prepare(photo, centre_crop(photo), network.card.preprocessing))
    assert f"**{words.percent(float((trace.activations[0].values < 0).mean()))}** were below zero" in text(app)


def test_the_deepest_cell_sees_what_the_slider_ends_at():
    steps = component(open_chapter("again", "photo"), "fields", None)["steps"]
    sides = [columns[len(columns) // 2][1] - columns[len(columns) // 2][0] for columns in (step["columns"] for step in steps)]
    assert sides[0] == 3
    assert sides == sorted(sides)
    assert sides[-1] == 64


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder in place of models/."""
    monkeypatch.setattr(state, "MODELS", tmp_path)
    state.networks.clear()
    yield tmp_path
    state.networks.clear()


@pytest.mark.parametrize("name", ZOO)
def test_a_strangers_network_is_explained_in_every_chapter(shelf, name):
    ZOO[name].load(shelf / name)
    for chapter in CHAPTERS:
        app = open_app(PAGE, chapter=chapter)
        assert not app.exception, (chapter, app.exception[0].value)
        assert len(app.radio[0].options) >= 2
        app = guess(app, 0)
        assert len(app.success) + len(app.info) == 1
