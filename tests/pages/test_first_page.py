import io
import json
import re
import shutil

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from convoscope import drawings
from convoscope.photo import read
from convoscope.prepare import centre_crop
from convoscope.squares import look_several_times
from convoscope.words import percent, plain
from tests import shipped
from tests.pages.app import ROOT, answers, component, jpeg, open_app, text, upload
from ui.links import own_name


def bars(app: AppTest) -> list[dict]:
    return answers(app)[0]


def test_it_opens_on_the_coffee_cup_and_says_what_the_network_calls_it():
    app = open_app()
    assert not app.exception
    assert not app.query_params
    assert bars(app)[0]["name"] == shipped.best()
    assert shipped.best() in text(app)


def test_the_bars_hold_every_class_and_sum_to_one():
    rows = bars(open_app())
    assert sorted(row["name"] for row in rows) == sorted(shipped.network("photo").card.classes)
    assert sum(row["share"] for row in rows) == pytest.approx(1)
    assert [row["share"] for row in rows] == sorted((row["share"] for row in rows), reverse=True)


@pytest.mark.parametrize("sample", ["coffee", "cat", "rocket"])
def test_each_sample_photo_is_shown(sample):
    app = open_app(photo=sample)
    assert not app.exception
    assert component(app, "crop")["label"].startswith(f"the {sample}")


@pytest.mark.parametrize("name", drawings.CLASSES)
def test_each_sample_drawing_is_recognised(name):
    app = open_app(model="shapes", photo=name)
    assert bars(app)[0]["name"] == name
    assert bars(app)[0]["share"] > 0.9


def test_an_uploaded_photo_takes_the_place_of_the_sample():
    app = upload(open_app(), jpeg())
    assert not app.exception
    assert app.query_params["photo"] == own_name(read(jpeg()))
    header = component(app, "crop")
    assert (header["width"], header["height"]) == (90, 60)
    assert header["square"] == {"left": 15, "top": 0, "side": 60}


def test_a_second_upload_gives_a_result_of_its_own():
    app = upload(open_app(), jpeg(1))
    first = bars(app)
    assert bars(upload(app, jpeg(2))) != first


def test_the_uploader_lets_go_of_the_file():
    app = upload(open_app(), jpeg())
    assert app.file_uploader[0].value is None


BAD_FILES = [(b"not a picture", "plain text"), (b"%PDF-1.7", "PDF"), (jpeg()[:900], "damaged")]


@pytest.mark.parametrize(("data", "words"), BAD_FILES)
def test_a_file_that_cannot_be_shown_gets_a_sentence_and_no_other_photos_result(data, words):
    app = upload(open_app(), data)
    assert not app.exception
    assert len(app.error) == 1
    assert words in app.error[0].value
    assert not [node for node in app.get("bidi_component") if node.proto.component_name != "convoscope.paste"]
    assert shipped.best() not in text(app)


def test_the_way_back_from_a_bad_file_loses_nothing():
    app = upload(upload(open_app(), jpeg(3)), b"not a picture")
    next(button for button in app.button if button.label == "Back to your photo").click().run()
    assert not app.error
    assert component(app, "crop")["label"].startswith("your photo")


def test_the_evidence_adds_up_to_the_logit():
    app = open_app(model="shapes", photo="star")
    caption = next(caption.value for caption in app.caption if "The sum of the 16 cells" in caption.value)
    line = r"([\d.]+) ([+−]) ([\d.]+)(?: [+−] [\d.]+ \(rounding\))? = ([\d.]+)\."
    first, sign, second, total = re.search(line, caption).groups()
    assert float(first) + float(sign.replace("−", "-") + second) == pytest.approx(float(total), abs=2e-4)
    assert float(total) == pytest.approx(bars(app)[0]["logit"], abs=1e-3)


def test_what_was_changed_is_told_of_the_visitors_file_or_of_the_sample():
    app = open_app(photo="rocket")
    assert "Of this file: " in text(app)
    picture = io.BytesIO()
    Image.new("RGB", (3000, 200)).save(picture, "PNG")
    assert "Of your file: " in text(upload(app, picture.getvalue()))


def test_another_network_keeps_the_visitors_photo():
    app = upload(open_app(), jpeg())
    app.selectbox(key="choose_model").set_value("shapes").run()
    assert app.query_params["model"] == "shapes"
    assert app.query_params["photo"] == own_name(read(jpeg()))
    assert len(bars(app)) == len(drawings.CLASSES)


def test_a_sample_that_no_class_names_is_told_from_one_that_is():
    assert "None of its classes" not in text(open_app(model="cifar10"))  # which opens on the cat
    assert "**None of its classes** has coffee, cup, mug or espresso in its name" in text(
        open_app(model="cifar10", photo="coffee")
    )
    assert "None of its classes" not in text(upload(open_app(model="cifar10", photo="coffee"), jpeg()))
    assert "it may be none of its classes" in text(open_app("pages/layers.py", model="cifar10", photo="coffee"))
    assert "it may be none of its classes" not in text(open_app("pages/layers.py", model="cifar10", photo="cat"))


def test_a_click_on_a_photo_that_was_let_go_meanwhile_is_passed_over():
    app = upload(upload(open_app(), jpeg(1)), jpeg(2))
    first, second = app.session_state.own_photos
    del app.session_state.own_photos[first]
    app.pills(key="choose_photo").set_value(first).run()
    assert not app.exception
    assert app.query_params["photo"] == second


def test_the_tour_is_offered_until_there_is_a_photo_of_ones_own():
    app = open_app()
    assert "Take the tour" in " ".join(link.label for link in app.get("page_link"))
    assert "Take the tour" not in " ".join(link.label for link in upload(app, jpeg()).get("page_link"))


def test_the_sample_comes_back_with_the_network_that_has_it():
    app = open_app(photo="cat")
    for model, photo in (("shapes", "circle"), ("photo", "cat"), ("shapes", "circle"), ("cifar10", "cat")):
        app.selectbox(key="choose_model").set_value(model).run()
        assert (app.query_params["model"], component(app, "crop")["label"].split(";")[0]) == (model, f"the {photo}")


def test_a_sample_is_one_click_away_from_the_visitors_photo_and_back():
    app = upload(open_app(), jpeg())
    app.pills(key="choose_photo").set_value("cat").run()
    assert component(app, "crop")["label"].startswith("the cat")
    app.pills(key="choose_photo").set_value(own_name(read(jpeg()))).run()
    assert component(app, "crop")["label"].startswith("your photo")


def test_the_camera_is_mounted_only_after_a_click():
    app = open_app()
    assert not app.get("camera_input")
    next(button for button in app.button if button.label == "Camera").click().run()
    assert app.get("camera_input")


def test_a_link_restores_photo_crop_and_class():
    app = open_app(photo="cat", crop="40,20,200", answer="Persian cat")
    assert component(app, "crop")["square"] == {"left": 40, "top": 20, "side": 200}
    assert component(app, "crop")["className"] == "Persian cat"
    assert not app.info


def test_a_crop_outside_the_photo_is_moved_inside():
    app = open_app(photo="cat", crop="9000,9000,100")
    square = component(app, "crop")["square"]
    assert square["side"] == 100
    assert "does not lie inside the photo" in app.info[0].value
    assert app.query_params["crop"] == f"{square['left']},{square['top']},100"
    assert square["left"] + 100 <= component(open_app(photo="cat"), "crop")["width"]


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ({"model": "nope"}, "“nope”"),
        ({"photo": "dog"}, "“dog”"),
        ({"photo": "own"}, "not stored"),
        ({"answer": "unicorn"}, "“unicorn”"),
        ({"crop": "1,2"}, "three whole numbers"),
        ({"scale": "huge"}, "“huge”"),
    ],
)
def test_a_link_to_what_is_not_there_falls_back_with_a_note(link, words):
    app = open_app(**link)
    assert not app.exception
    assert words in app.info[0].value
    assert bars(app)[0]["name"] == shipped.best()


def test_what_happens_to_the_photo_is_said():
    assert "not stored" in text(open_app())


def test_the_journey_shows_one_map_per_convolution():
    tiles = component(open_app(model="shapes"), "maps", "The strongest")["tiles"]
    assert [tile["name"] for tile in tiles] == ["photo", "convolution 1", "convolution 2", "convolution 3"]
    assert all(tile["text"] for tile in tiles)


def test_a_photo_from_the_camera_is_shown():
    app = open_app()
    next(button for button in app.button if button.label == "Camera").click().run()
    app.camera_input[0].set_value(("camera.jpg", jpeg(5), "image/jpeg")).run()
    assert not app.exception
    assert component(app, "crop")["label"].startswith("your photo")
    assert not app.get("camera_input")


def solid(colour: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (90, 60), colour).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("model", ["photo", "shapes"])
def test_a_picture_of_nothing_may_be_none_of_the_classes_and_the_sample_is_one(model):
    app = open_app(model=model)
    assert "may be none of its classes" not in text(app)
    assert "**It may be none of its classes**: the layers respond" in text(upload(app, solid("black")))


def test_the_doubt_goes_with_the_photo_to_every_page():
    app = upload(open_app(model="shapes"), solid("black"))
    for page in ("layers", "unit", "why", "steps", "learning", "report"):
        app.switch_page(f"pages/{page}.py").run()
        assert "; it may be none of its classes" in text(app)
    assert "But it doubts this one" in text(app)
    said = text(open_app("pages/report.py", model="shapes", photo="star"))
    assert "it may be none of its classes" not in said
    assert "But it doubts this one" not in said


def test_a_photo_that_many_classes_share_may_be_none_of_them(shelf):
    folder = shutil.copytree(ROOT / "models" / "photo", shelf / "photo")
    card = json.loads((folder / "card.json").read_text())
    card["novelty"]["unsure"]["value"], card["novelty"]["unlike"]["value"] = -1.0, 1e9
    (folder / "card.json").write_text(json.dumps(card))
    assert "**It may be none of its classes**: the probability is spread over many" in text(open_app())


def test_limits_of_another_network_are_a_sentence(shelf):
    folder = shutil.copytree(ROOT / "models" / "shapes", shelf / "shapes")
    card = json.loads((folder / "card.json").read_text())
    card["novelty"] |= {"mean": [0.0], "whitening": [[1.0]]}
    (folder / "card.json").write_text(json.dumps(card))
    app = open_app()
    assert not app.exception
    assert "novelty: 1 strengths, but the graph has 6" in text(app).replace("\\", "")


def test_both_rates_of_its_doubts_are_told():
    noticing = json.loads((ROOT / "models/photo/evaluation.json").read_text())["noticing"]
    notices, wrongly, known = (round(noticing[kind]["warned"]["value"] * 100) for kind in ("foreign", "own", "known"))
    doubted = "of 100 that do show one of its classes it wrongly doubts {}"
    told = f"Of 100 photos of other things it notices {notices}; {doubted.format(wrongly)} (of ordinary photos {known})."
    assert told in text(open_app())
    wrongly = round(json.loads((ROOT / "models/shapes/evaluation.json").read_text())["noticing"]["own"]["warned"]["value"] * 100)
    assert f"It may doubt a picture: {doubted.format(wrongly)}; how many" in text(open_app(model="shapes"))


def test_several_squares_are_asked_about_where_that_is_wanted():
    app = open_app(photo="cat")
    assert "With their scores averaged, it says" not in text(app)
    (wanted,) = app.toggle
    app = wanted.set_value(True).run()
    assert app.query_params["several"] == "squares"
    network, shown = shipped.network("photo"), shipped.sample("cat")
    found = look_several_times(network, shown, centre_crop(shown))
    best = found.average.best
    assert f"With their scores averaged, it says **{best.name}** with {percent(best.probability)}." in text(app)
    assert f"{found.agreeing} of the {len(found.looks)} squares taken alone give this answer." in text(app)
    strip = component(app, "maps", "What the network says of several squares")
    assert [tile["name"] for tile in strip["tiles"]] == [look.title for look in found.looks]
    said = [look.prediction.best for look in found.looks]
    assert [tile["note"] for tile in strip["tiles"]] == [f"{percent(each.probability)} {each.name}" for each in said]
    (wanted,) = app.toggle
    app = wanted.set_value(False).run()
    assert "several" not in app.query_params
    assert "With their scores averaged, it says" not in text(app)


def test_what_averaging_gains_is_told_as_it_was_measured():
    evaluation = json.loads((ROOT / "models/photo/evaluation.json").read_text())
    once, averaged = (percent(each["top1"]["value"]) for each in (evaluation["photos"], evaluation["averaged"]["photos"]))
    app = open_app(several="squares")
    assert (
        f"(ordinary photos of its classes) it is right for **{once}** by one square, for **{averaged}** by the average"
        in text(app)
    )


def test_where_averaging_was_not_measured_that_is_said(shelf):
    folder = shutil.copytree(ROOT / "models" / "shapes", shelf / "shapes")
    (folder / "evaluation.json").unlink()
    app = open_app(several="squares")
    assert not app.exception
    assert "How much better the average is was not measured for this network." in text(app)


def test_an_answer_that_hangs_on_how_the_photo_is_cut_is_not_to_be_relied_on():
    network, seed = shipped.network("photo"), 0
    while True:  # noise: its squares agree by chance only
        shown = read(jpeg(seed))
        found = look_several_times(network, shown, centre_crop(shown))
        if found.average.best.index != found.looks[0].prediction.best.index:
            break
        seed += 1
    app = upload(open_app(several="squares"), jpeg(seed))
    best = found.average.best
    told = f"With their scores averaged, it says **{plain(best.name)}** with {percent(best.probability)}, and not"
    assert told in text(app)
    assert "do not rely on it" in text(app)
