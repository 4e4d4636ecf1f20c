import json
import shutil

import numpy as np
import pytest

from convoscope.benchmark import Benchmark, Row, write_benchmark
from convoscope.card import read_card
from convoscope.evaluation import by_class, read_evaluation
from convoscope.words import percent
from tests.convoscope.zoo import ZOO
from tests.pages.app import ROOT, answers, component, components, jpeg, open_app, text, upload
from ui import shared

PAGE = "pages/report.py"
NO_BREAK = "\N{NO-BREAK SPACE}"


def measured(name: str):
    card = read_card(ROOT / "models" / name)
    evaluation = read_evaluation(ROOT / "models" / name, card)
    assert evaluation
    return card, evaluation


@pytest.mark.parametrize("name", ["photo", "shapes"])
def test_accuracy_with_its_interval_is_the_cards(name):
    card, _ = measured(name)
    app = open_app(PAGE, model=name)
    assert not app.exception
    top1 = card.results.top1
    assert f"**{percent(top1.value)}** right (95 % interval {top1.low * 100:.1f}\u2060–\u2060{top1.high * 100:.1f} %)" in text(
        app
    )
    assert f"{card.results.pictures:,} pictures" in text(app)


def test_every_class_is_in_the_table_with_its_recall_and_precision():
    card, evaluation = measured("photo")
    rows = component(open_app(PAGE, model="photo"), "table")["rows"]
    assert [row[0]["text"] for row in rows] == list(card.classes)
    counts = evaluation.matrix(len(card.classes))
    np.testing.assert_allclose([row[1]["share"] for row in rows], counts.diagonal() / counts.sum(1), atol=1e-4)
    precision = counts.diagonal() / np.maximum(1, counts.sum(0))
    np.testing.assert_allclose([row[2]["share"] or 0 for row in rows], precision, atol=1e-4)


def test_it_says_what_the_measurements_mean_for_this_photo():
    card, evaluation = measured("photo")
    app = upload(open_app(PAGE, model="photo"), jpeg())
    first = open_app(model="photo")
    upload(first, jpeg())
    best = answers(first)[0][0]
    found = evaluation.bin_of(best["share"])
    assert found
    assert f"It takes your photo for **{best['name']}**, with {best['text']}" in text(app)
    assert f"it was right for **{percent(found.right)}**" in text(app)
    result = by_class(evaluation, card.classes)[best["index"]]
    assert result.precision is None or f"gave this name, it was right for {percent(result.precision.value)}" in text(app)


def test_the_confusion_matrix_and_its_worst_pairs_are_the_evaluations():
    card, evaluation = measured("photo")
    app = open_app(PAGE, model="photo")
    header = component(app, "matrix")
    assert header["names"] == [card.classes[index] for index in evaluation.order]
    wrong = sorted((entry for entry in evaluation.confusion if entry[0] != entry[1]), key=lambda entry: -entry[2])
    label, answer, count = wrong[0]
    pictures = evaluation.matrix(len(card.classes))[label].sum()
    first = next(line for line in text(app).splitlines() if line.startswith("1. "))
    assert first == f"1. {card.classes[label]}, taken for **{card.classes[answer]}**: {count} of {pictures}"


def test_charts_show_what_was_measured_and_logged():
    _, evaluation = measured("shapes")
    found = components(open_app(PAGE, model="shapes"), "chart")
    drawn = {chart["label"].split(":")[0].split(" from")[0]: chart["lines"][-1] for chart in found}
    for change in evaluation.robustness:
        assert drawn[change.change] == {"name": "right", "x": list(change.strengths), "y": list(change.top1), "quiet": False}
    log = [json.loads(line) for line in (ROOT / "models/shapes/training.jsonl").read_text().splitlines()]
    assert drawn["Training loss fell"]["y"] == [epoch["loss"] for epoch in log]
    assert drawn["Held-out accuracy rose"]["name"] == "held out from training"
    assert drawn["Held-out accuracy rose"]["y"] == [epoch["accuracy"] for epoch in log]
    bins = [each for each in evaluation.bins if each.pictures >= 20]
    assert drawn["Reliability"]["y"] == [each.right for each in bins]


def test_its_doubts_are_told_with_what_they_are_worth():
    _, evaluation = measured("photo")
    found = evaluation.noticing
    app = open_app(PAGE, model="photo")
    table = next(each for each in components(app, "table") if each["label"].startswith("How often pictures of each kind"))
    rows = {row[0]["text"]: row[1]["text"] for row in table["rows"]}
    assert [row[0]["order"] for row in table["rows"]] == sorted(row[0]["order"] for row in table["rows"])
    assert list(rows)[:3] == ["its own classes", "photos of its classes", "photos of other things"]
    for each in (found.own, found.known, found.foreign, *found.made):
        warned = each.warned
        counted = f"{percent(warned.value)} ({warned.low * 100:.1f}–{warned.high * 100:.1f})"
        assert rows[each.kind] == (counted if each.pictures > 1 else "yes" if warned.value else "no")
    assert f"it doubts **{percent(found.foreign.warned.value)}**" in text(app)
    assert f"does not notice {percent(1 - found.foreign.warned.value)}" in text(app)
    assert f"in {percent(found.apart)} of all pairs" in text(app)
    shapes = text(open_app(PAGE, model="shapes"))
    assert "On photos of other things it was not measured." in shapes
    assert "does not notice" not in shapes


def test_ordinary_photos_and_a_choice_among_few_classes_are_told(shelf):
    folder = shutil.copytree(ROOT / "models/shapes", shelf / "shapes")
    evaluation = json.loads((folder / "evaluation.json").read_text())
    evaluation["photos"] = results(58, "some photos", value=0.5172, low=0.3923, high=0.6400)
    evaluation["averaged"] = {
        "test": results(2000, "drawings", value=0.9, low=0.88, high=0.91),
        "calibration_error": 0.02,
        "photos": results(58, "some photos", value=0.6, low=0.47, high=0.72),
    }
    evaluation["few"] = results(500, "ten classes alone", value=0.95, low=0.9272, high=0.9659)
    (folder / "evaluation.json").write_text(json.dumps(evaluation))
    said = text(open_app(PAGE))
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in said.replace("\N{WORD JOINER}", "").splitlines()
        if line.startswith("| ")
    ]
    top1 = read_card(folder).results.top1
    assert [row[:3] for row in rows[2:6]] == [
        ["2,000, the average of several squares of each", percent(0.9), "88.0–91.0"],
        ["58 ordinary photos of its classes", percent(0.5172), "39.2–64.0"],
        ["58, the average of several squares of each", percent(0.6), "47.0–72.0"],
        ["500 pictures: ten classes alone", percent(0.95), "92.7–96.6"],
    ]
    assert rows[1][1:3] == [percent(top1.value), f"{top1.low * 100:.1f}–{top1.high * 100:.1f}"]


def results(pictures, measured_on, **share):
    return {"pictures": pictures, "measured_on": measured_on, "top1": share, "top5": None}


def test_a_strangers_network_has_nothing_measured_and_says_so(shelf):
    ZOO["old"].load(shelf / "old")
    app = open_app(PAGE)
    assert not app.exception
    assert text(app).count("Not measured for this network.") == 5
    assert "has not been measured" in text(app)
    assert "Nothing is known of its training." in text(app)
    assert components(app, "chart") == []


@pytest.mark.parametrize(
    ("file", "sentence"), [("evaluation.json", "nothing measured can be shown"), ("training.jsonl", "training cannot be")]
)
def test_a_damaged_file_is_named_and_the_rest_is_shown(shelf, file, sentence):
    shutil.copytree(ROOT / "models/shapes", shelf / "shapes")
    (shelf / "shapes" / file).write_text("{")
    app = open_app(PAGE)
    assert not app.exception
    assert sentence in app.warning[0].value
    assert components(app, "chart")


def test_speed_is_what_the_benchmarks_wrote_down(tmp_path, monkeypatch):
    monkeypatch.setattr(shared, "RESULTS", tmp_path)
    shared.benchmarks.clear()
    assert "Speed and memory: not measured." in text(open_app(PAGE, model="shapes"))
    row = Row(what="an upload", value=2.25, unit="s", against="half of it")
    write_benchmark(
        tmp_path / "a.json", Benchmark(title="Speed", command="make bench", date="2026-01-02", machine="m", rows=(row,))
    )
    shared.benchmarks.clear()
    app = open_app(PAGE, model="shapes")
    assert "| an upload | 2\\.2 s | half of it |" in text(app)
    shared.benchmarks.clear()


def test_limits_of_another_network_are_no_error_here(shelf):
    folder = shutil.copytree(ROOT / "models/shapes", shelf / "shapes")
    card = json.loads((folder / "card.json").read_text())
    card["novelty"]["mean"] = card["novelty"]["mean"][:-2]
    card["novelty"]["whitening"] = [row[:-2] for row in card["novelty"]["whitening"][:-2]]
    (folder / "card.json").write_text(json.dumps(card))
    assert "it was right for" in text(open_app(PAGE, photo="star"))
