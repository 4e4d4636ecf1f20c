import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from convoscope import drawings
from convoscope.card import Novelty, read_card
from convoscope.evaluation import FILE, read_evaluation, wilson
from convoscope.network import Network, load
from convoscope.novelty import doubt
from convoscope.prepare import Crop, Prepared, centre_crop, normalise
from convoscope.squares import look_several_times
from tests.train.folders import parquet
from train.__main__ import main
from train.data import DataError, Labelled, draw, photos
from train.evaluate import evaluate, write_evaluation
from train.measure import logits_of
from train.novelty import FALSE_WARNINGS, UNLIKE, chance_of_order, limits, noticing
from train.recipes import SHAPES

FOLDER = Path(__file__).parents[2] / "models" / "shapes"
SOURCE = draw(4000, SHAPES)
NETWORK = load(FOLDER)


@pytest.fixture(scope="module")
def chosen() -> Novelty:
    return limits(NETWORK, SOURCE.train, "these")


def warned(network: Network, pictures: Labelled) -> list[bool]:
    """One at a time, as the app asks."""
    found = []
    for pixels in pictures.pictures.numpy().transpose(0, 2, 3, 1):
        tensor = normalise(pixels[None], network.card.preprocessing)
        answer = doubt(network, network.trace(Prepared(tensor, pixels, Crop(0, 0, len(pixels)))))
        assert answer
        found.append(answer.warns)
    return found


def test_the_limits_doubt_eight_of_a_hundred_held_out(chosen: Novelty) -> None:
    network = replace(NETWORK, card=NETWORK.card.model_copy(update={"novelty": chosen}))
    found = warned(network, SOURCE.train)
    assert np.mean(found) == pytest.approx(FALSE_WARNINGS, abs=0.002)
    assert chosen.false_warnings == pytest.approx(np.mean(found), abs=1e-3)
    assert UNLIKE < FALSE_WARNINGS


def test_few_pictures_give_limits_too() -> None:
    few = Labelled(SOURCE.train.pictures[:2], SOURCE.train.labels[:2])
    found = limits(NETWORK, few, "few")
    assert np.isfinite(found.whitening).all()
    assert 0 <= found.false_warnings <= 1


def test_own_pictures_and_pictures_of_nothing_are_counted() -> None:
    found = noticing(NETWORK, SOURCE.test)
    assert found
    assert found.own.pictures == len(SOURCE.test)
    assert found.own.warned == wilson(sum(warned(NETWORK, SOURCE.test)), len(SOURCE.test))
    assert [each.kind for each in found.made] == ["noise", "black", "white", "plain colours"]  # drawings are what it knows
    assert found.made[0].warned.value == 1
    assert (found.known, found.foreign, found.apart) == (None, None, None)


def test_drawings_are_foreign_to_another_network() -> None:
    other = NETWORK.card.model_copy(update={"classes": tuple(f"class {name}" for name in drawings.CLASSES)})
    found = noticing(replace(NETWORK, card=other), SOURCE.test)
    assert found
    assert found.made[-1].kind == "drawings"
    assert found.made[-1].warned.value < 0.5  # they are what it knows


def test_without_limits_there_is_nothing_to_count() -> None:
    assert noticing(replace(NETWORK, card=NETWORK.card.model_copy(update={"novelty": None})), SOURCE.test) is None


def test_the_area_under_the_curve_by_hand() -> None:
    low, high = np.array([1.0, 2, 3, 3]), np.array([0.0, 3, 9])
    assert chance_of_order(low, high) == pytest.approx((0 + 2 + 2 * 0.5 + 4) / 12)
    assert chance_of_order(high, high) == 0.5


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copy = shutil.copytree(FOLDER, tmp_path / "shapes")
    write_evaluation(copy, evaluate(copy, SOURCE.test, SOURCE.test_photos, "a test"))
    return copy


@pytest.fixture
def colours(tmp_path: Path) -> Path:
    """ "Photos" of noise around a colour: all alike, so what is foreign cannot be told from what is known."""
    return parquet(tmp_path / "photos", drawings.CLASSES, {"known": 6, "foreign": 8})


def test_ordinary_photos_are_added_by_a_command(folder: Path, colours: Path) -> None:
    assert main(["foreign", str(folder), "--photos", str(colours)]) == 0
    before, after = load(folder), read_evaluation(folder, read_card(folder))
    assert after
    assert after.noticing
    known, foreign = after.noticing.known, after.noticing.foreign
    assert known
    assert foreign
    assert (known.pictures, foreign.pictures) == (6, 8)
    kept, whole, others = photos(str(colours), before.card)
    assert foreign.warned == wilson(sum(warned(before, others)), 8)
    assert after.photos
    right = logits_of(before, kept).argmax(1) == kept.labels.numpy()
    assert (after.photos.pictures, after.photos.top1) == (6, wilson(int(right.sum()), 6))
    assert after.averaged
    asked = [look_several_times(before, photo, centre_crop(photo)).average.best.index for photo in whole]
    assert after.averaged.photos
    assert after.averaged.photos.top1 == wilson(int((asked == kept.labels.numpy()).sum()), 6)
    assert after.noticing.apart is not None
    assert 0.2 < after.noticing.apart < 0.8


def test_temperature_and_limits_are_chosen_anew_by_a_command(folder: Path) -> None:
    before = read_card(folder)
    assert main(["calibrate", str(folder), "--drawings", "2000"]) == 0
    after = read_card(folder)
    assert after.novelty
    assert after.calibration
    assert after.novelty.measured_on == after.calibration.measured_on == "100 training pictures held out"
    assert after.model_copy(update={"novelty": before.novelty, "calibration": before.calibration}) == before


def test_what_was_not_measured_is_not_added_to(folder: Path, colours: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / FILE).unlink()
    assert main(["foreign", str(folder), "--photos", str(colours)]) == 1
    assert capsys.readouterr().err == (
        f"{folder} does not doubt any picture, or was not measured: first calibrate, then evaluate.\n"
    )


def test_photos_without_the_two_splits_are_refused(folder: Path, tmp_path: Path) -> None:
    where = str(parquet(tmp_path / "others", drawings.CLASSES, {"known": 2, "test": 2}))
    with pytest.raises(DataError, match=f"^{where} is no data set with the files known-.*parquet and foreign-.*parquet: "):
        photos(where, NETWORK.card)


def test_photos_of_other_classes_are_refused(tmp_path: Path) -> None:
    where = str(parquet(tmp_path / "others", ["red", "green"], {"known": 2, "foreign": 2}))
    with pytest.raises(DataError, match=f"^{where} has other classes than shapes\\.$"):
        photos(where, NETWORK.card)
