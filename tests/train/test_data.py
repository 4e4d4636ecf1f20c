import dataclasses
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from convoscope import drawings
from convoscope.photo import read
from convoscope.prepare import centre_crop, prepare
from tests.train.folders import class_folders, parquet, picture
from tests.train.tiny import AVERAGE, FLATTEN
from train import data
from train.data import DataError, Labelled, Source

RECIPE = dataclasses.replace(AVERAGE, held_out=0.25)


def hue(pixels: torch.Tensor) -> int:
    """Which of red, green and blue a picture of `folders` has."""
    return int(pixels.float().mean((1, 2)).argmax())


def assert_labels_fit(source: Source) -> None:
    order = {"red": 0, "green": 1, "blue": 2}
    for part in (source.train, source.held_out, source.test):
        assert part.pictures.dtype == torch.uint8
        assert part.labels.dtype == torch.int64
        for pixels, label in zip(part.pictures, part.labels, strict=True):
            assert order[source.classes[int(label)]] == hue(pixels)


def rows(part: Labelled) -> set[bytes]:
    return {pixels.numpy().tobytes() for pixels in part.pictures}


def refusal(where: Path | str) -> str:
    with pytest.raises(DataError) as failure:
        data.load(str(where), RECIPE)
    return str(failure.value)


def test_class_folders_become_classes(tmp_path: Path) -> None:
    source = data.load(str(class_folders(tmp_path / "colours", {"red": 8, "blue": 9, "green": 3})), RECIPE)
    assert source.name == "colours"
    assert source.classes == ("blue", "green", "red")
    assert source.test_name == "colours, 10% set aside by a seeded split"
    assert (len(source.train), len(source.held_out), len(source.test)) == (14, 4, 2)  # a tenth of 20, a quarter of 18
    assert source.train.pictures.shape == (14, 3, 16, 16)
    assert_labels_fit(source)


def test_crops_are_cut_from_pictures_in_their_own_size(tmp_path: Path) -> None:
    recipe = dataclasses.replace(RECIPE, stored=12)
    source = data.load(str(class_folders(tmp_path / "colours", {"red": 10, "blue": 10})), recipe)
    assert [part.pictures.shape[-1] for part in (source.train, source.held_out, source.test)] == [12, 16, 16]
    assert (recipe.served(12), recipe.served(9)) == (16, 12)
    assert_labels_fit(source)


def test_the_three_parts_share_no_picture(tmp_path: Path) -> None:
    source = data.load(str(class_folders(tmp_path / "colours", {"red": 20, "blue": 20})), RECIPE)
    parts = [rows(part) for part in (source.train, source.held_out, source.test)]
    assert [len(part) for part in parts] == [27, 9, 4]
    assert len(set.union(*parts)) == 40


def test_the_split_is_the_same_every_time(tmp_path: Path) -> None:
    where = str(class_folders(tmp_path / "colours", {"red": 10, "blue": 10}))
    one, other = data.load(where, RECIPE), data.load(where, RECIPE)
    for part in ("train", "held_out", "test"):
        torch.testing.assert_close(getattr(one, part).pictures, getattr(other, part).pictures, rtol=0, atol=0)


def test_pictures_come_through_the_engine(tmp_path: Path) -> None:
    where = class_folders(tmp_path / "colours", {"red": 3, "blue": 3}, "jpg")
    source = data.load(str(where), RECIPE)
    expected = set()
    for path in where.glob("*/*.jpg"):
        photo = read(path.read_bytes())
        expected.add(prepare(photo, centre_crop(photo), RECIPE.preprocessing).resized.transpose(2, 0, 1).tobytes())
    assert set.union(*(rows(part) for part in (source.train, source.held_out, source.test))) == expected


def test_a_network_of_one_channel_gets_grey_pictures(tmp_path: Path) -> None:
    source = data.load(str(class_folders(tmp_path / "colours", {"red": 3, "blue": 3})), FLATTEN)
    assert source.train.pictures.shape[1:] == (1, 16, 16)


@pytest.mark.parametrize("split", ["validation", "valid", "test"])
def test_a_split_of_its_own_is_what_is_reported_on(tmp_path: Path, split: str) -> None:
    source = data.load(str(parquet(tmp_path / "set", ["red", "green"], {"train": 16, split: 5})), RECIPE)
    assert source.classes == ("red", "green")
    assert source.test_name == f"set, {split}"
    assert (len(source.train), len(source.held_out), len(source.test)) == (12, 4, 5)
    assert_labels_fit(source)


def test_validation_is_taken_before_test(tmp_path: Path) -> None:
    source = data.load(str(parquet(tmp_path / "set", ["red", "green"], {"train": 8, "validation": 3, "test": 4})), RECIPE)
    assert (source.test_name, len(source.test)) == ("set, validation", 3)


def test_class_folders_may_have_splits(tmp_path: Path) -> None:
    class_folders(tmp_path / "set" / "train", {"red": 4, "green": 4})
    class_folders(tmp_path / "set" / "test", {"red": 2, "green": 1})
    source = data.load(str(tmp_path / "set"), RECIPE)
    assert (source.test_name, len(source.test)) == ("set, test", 3)
    assert_labels_fit(source)


# ---- what cannot be trained on


@pytest.mark.parametrize("where", ["/nowhere/at/all", "./nowhere", "../nowhere"])
def test_a_folder_that_is_not_there(where: str) -> None:
    assert refusal(where) == f"There is no folder {where}."


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file.zip").touch()
    assert refusal(tmp_path / "file.zip") == f"There is no folder {tmp_path / 'file.zip'}."


def test_a_name_on_the_hub_that_cannot_be_reached() -> None:
    started = time.perf_counter()
    assert refusal("nobody/no-such-set").startswith(
        "nobody/no-such-set is neither a folder here nor a data set that could be fetched: "
    )
    assert time.perf_counter() - started < 20


@pytest.mark.parametrize("content", [None, "note.txt", "broken.parquet"])
def test_a_folder_without_pictures(tmp_path: Path, content: str | None) -> None:
    if content:
        (tmp_path / content).write_bytes(b"PAR1 and no more")
    sentence = refusal(tmp_path)
    assert sentence.startswith(str(tmp_path))
    assert "folder" in sentence
    assert "fetched" not in sentence


def test_a_single_class(tmp_path: Path) -> None:
    one = parquet(tmp_path / "set", ["red"], {"train": 6})
    assert refusal(one) == f"{one} has one class (red); a classifier needs at least two."


@pytest.mark.parametrize("counts", [{"red": 4}, {".": 0}], ids=["one folder", "no folder"])
def test_pictures_without_classes(tmp_path: Path, counts: dict[str, int]) -> None:
    class_folders(tmp_path, counts)
    if "." in counts:
        for seed in range(4):
            picture("red", seed).save(tmp_path / f"{seed}.png")
    assert refusal(tmp_path) == (
        f"{tmp_path} needs two or more folders of pictures, one per class, or a column of images and one of labels."
    )


def test_a_picture_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    where = class_folders(tmp_path / "colours", {"red": 4, "blue": 4})
    broken = where / "red" / "broken.png"
    broken.write_bytes((where / "red" / "00.png").read_bytes()[:100])
    assert refusal(where) == (
        f"Picture {broken} cannot be used: "
        "This PNG file is damaged or cut short, so it cannot be shown. Send it again or choose another."
    )


def test_a_picture_without_a_name_has_a_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.train import folders

    monkeypatch.setattr(folders, "_png", lambda image: b"no picture")
    where = parquet(tmp_path / "set", ["red", "blue"], {"train": 4, "test": 2})
    assert refusal(where).startswith("Picture number 0 cannot be used: This file is plain text")


# ---- drawings


def test_drawings_have_a_test_set_from_another_seed() -> None:
    source = data.draw(140, FLATTEN)
    assert source.classes == drawings.CLASSES
    assert (len(source.train), len(source.held_out), len(source.test)) == (133, 7, 14)
    assert source.train.pictures.shape == (133, 1, 16, 16)
    assert not rows(source.test) & (rows(source.train) | rows(source.held_out))
    assert len(rows(source.train) | rows(source.held_out)) == 140


@pytest.mark.parametrize("count", [140, 143])
def test_classes_are_drawn_equally_often(count: int) -> None:
    source = data.draw(count, FLATTEN)
    drawn = np.bincount(torch.cat([source.train.labels, source.held_out.labels]), minlength=7)
    assert drawn.max() - drawn.min() <= 1
    assert np.bincount(source.test.labels, minlength=7).tolist() == [2] * 7


def test_drawings_are_the_same_every_time() -> None:
    torch.testing.assert_close(data.draw(30, FLATTEN).train.pictures, data.draw(30, FLATTEN).train.pictures, rtol=0, atol=0)


def test_a_batch_is_taken_at_once() -> None:
    part = Labelled(torch.arange(12, dtype=torch.uint8).view(3, 1, 2, 2), torch.tensor([5, 6, 7]))
    pictures, labels = part.__getitems__([2, 0])
    assert pictures.flatten(1).tolist() == [[8, 9, 10, 11], [0, 1, 2, 3]]
    assert labels.tolist() == [7, 5]
    assert len(part) == 3
