"""A network whose training is not known, measured on pictures that it has not seen."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from convoscope.card import Card, read_card, write_card
from convoscope.drawings import CLASSES, draw
from convoscope.evaluation import FILE, read_evaluation, wilson
from convoscope.history import LOG, MOMENTS
from convoscope.network import load
from train import data
from train.__main__ import main
from train.measure import logits_of

SHAPES = Path(__file__).parents[2] / "models" / "shapes"
EACH = 12  # drawings of a class
NAMES = {name: name.replace("-", "_").upper() for name in CLASSES}  # as somebody else writes them


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """`shapes` as if it came from elsewhere."""
    copy = tmp_path / "theirs"
    left_out = shutil.ignore_patterns(LOG, MOMENTS, FILE, "golden.npz")
    shutil.copytree(SHAPES, copy, ignore=left_out)
    unknown = dict.fromkeys(("origin", "results", "calibration", "novelty", "licence"))
    write_card(copy, read_card(copy).model_copy(update=unknown))
    return copy


@pytest.fixture
def drawings(tmp_path: Path) -> Path:
    """One folder per class; their names in another order than the card's."""
    rng = np.random.default_rng(5)
    for name in CLASSES:
        where = tmp_path / "mine" / NAMES[name]
        where.mkdir(parents=True)
        for number in range(EACH):
            Image.fromarray(draw(name, 64, rng)).save(where / f"{number}.png")
    return tmp_path / "mine"


def card_of(folder: Path) -> Card:
    return load(folder).card


def test_it_gets_figures_temperature_and_doubts(folder: Path, drawings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = card_of(folder)
    pictures = data.unseen(str(drawings), before)
    right = int((logits_of(load(folder), pictures.test).argmax(1) == pictures.test.labels.numpy()).sum())
    half = EACH * len(CLASSES) // 2
    assert main(["measure", str(folder), "--data", str(drawings)]) == 0
    card = card_of(folder)
    assert card.results
    assert (card.results.pictures, card.results.top1) == (half, wilson(right, half))
    assert card.results.measured_on == "mine, half of the pictures"
    assert right > half * 0.8  # the classes are found by name
    assert card.calibration
    assert card.novelty
    assert card.novelty.measured_on == card.calibration.measured_on == f"{half} pictures that it was not trained on"
    evaluation = read_evaluation(folder, card)
    assert evaluation
    assert sum(count for _, _, count in evaluation.confusion) == half
    assert f"{right / half:.1%} of {half} pictures right" in capsys.readouterr().out


def test_what_is_chosen_on_is_not_reported_on(folder: Path, drawings: Path) -> None:
    pictures = data.unseen(str(drawings), card_of(folder))
    chosen, test = ({each.numpy().tobytes() for each in part.pictures} for part in (pictures.choosing, pictures.test))
    assert len(chosen) == len(test) == EACH * len(CLASSES) // 2
    assert not chosen & test


def test_some_of_the_classes_are_enough(folder: Path, drawings: Path) -> None:
    for name in CLASSES[:4]:
        shutil.rmtree(drawings / NAMES[name])
    pictures = data.unseen(str(drawings), card_of(folder))
    assert set(pictures.test.labels.tolist()) == set(range(4, len(CLASSES)))


def test_a_split_for_testing_is_taken_alone(folder: Path, drawings: Path) -> None:
    for split, numbers in (("train", range(8)), ("test", range(8, EACH))):
        for name in NAMES.values():
            where = drawings / split / name
            where.mkdir(parents=True)
            for number in numbers:
                (drawings / name / f"{number}.png").rename(where / f"{number}.png")
    for name in NAMES.values():
        (drawings / name).rmdir()
    pictures = data.unseen(str(drawings), card_of(folder))
    assert len(pictures.choosing) + len(pictures.test) == 4 * len(CLASSES)
    assert pictures.test_name == "mine, test, half of the pictures"


def test_other_classes_are_named(folder: Path, drawings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (drawings / NAMES["star"]).rename(drawings / "starfish")
    assert main(["measure", str(folder), "--data", str(drawings)]) == 1
    assert "has pictures of “starfish”, which is none of the classes of shapes." in capsys.readouterr().err


def test_few_pictures_are_refused(folder: Path, drawings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for picture in drawings.glob("*/*.png"):
        if int(picture.stem) > 1:
            picture.unlink()
    assert main(["measure", str(folder), "--data", str(drawings)]) == 1
    assert f"has {2 * len(CLASSES)} pictures; at least 20 are needed" in capsys.readouterr().err


def test_a_network_trained_here_is_not_measured_so(drawings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["measure", str(SHAPES), "--data", str(drawings)]) == 1
    assert "was trained here: evaluate measures it" in capsys.readouterr().err
