"""Where pictures come from: a data set on disk, a folder of class folders, a name on the Hub, or drawings made by code.

Every picture goes through the engine (`photo`, `prepare`), so a network is trained on what the app will show it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import datasets
import numpy as np
import torch
from datasets import ClassLabel, Dataset, DatasetDict
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from convoscope import drawings
from convoscope.card import Card, Preprocessing
from convoscope.photo import Photo, PhotoError, from_pixels, read
from convoscope.prepare import centre_crop, prepare
from train.recipes import Recipe

TEST_SPLITS = ("validation", "valid", "val", "test")
TEST_SHARE = 0.1  # set aside for the reported figure where a source has no split for it
SEED = 0
FEWEST = 20  # pictures that a network from elsewhere can be measured on
CHOOSING = 5000  # pictures at most that its temperature and its doubts are chosen on


class DataError(Exception):
    """Pictures that cannot be trained on; its text says which and why."""


@dataclass(frozen=True)
class Labelled:
    """pictures: uint8 (N, C, S, S). labels: int64 (N,)."""

    pictures: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def __getitems__(self, indices: list[int]) -> tuple[Tensor, Tensor]:
        chosen = torch.tensor(indices)
        return self.pictures[chosen], self.labels[chosen]

    def part(self, indices: NDArray[np.int64]) -> "Labelled":
        return Labelled(*self.__getitems__(indices.tolist()))

    def near(self, device: torch.device) -> "Labelled":
        """On the device, if that leaves most of its memory free."""
        if device.type != "cuda" or self.pictures.nbytes > torch.cuda.mem_get_info(device)[0] / 4:
            return self
        return Labelled(self.pictures.to(device), self.labels.to(device))


@dataclass(frozen=True)
class Photos:
    """The pictures of a data set, read by the engine when they are asked for."""

    rows: Dataset

    def __iter__(self) -> Iterator[Photo]:
        """Raises DataError."""
        for number, row in enumerate(self.rows.cast_column("image", datasets.Image(decode=False))):
            image = row["image"]
            try:
                yield read(image["bytes"] if image["bytes"] is not None else Path(image["path"]).read_bytes())
            except PhotoError as failure:
                raise DataError(f"Picture {image['path'] or f'number {number}'} cannot be used: {failure}") from failure


@dataclass(frozen=True)
class Source:
    """Training pictures, and the ones that only the reported figure may use: cut and reduced, and as they are."""

    name: str
    classes: tuple[str, ...]
    train: Labelled
    held_out: Labelled
    test: Labelled
    test_photos: Iterable[Photo]
    test_name: str


@dataclass(frozen=True)
class Unseen:
    """Pictures that a network from elsewhere was not trained on, labelled by its own classes.

    choosing: for what is chosen on them. test, test_photos: only for the reported figure, cut and reduced, and as they are.
    """

    choosing: Labelled
    test: Labelled
    test_photos: Iterable[Photo]
    test_name: str


def load(where: str, recipe: Recipe) -> Source:
    """A folder of parquet files, a folder of class folders, or a data set's name on the Hub.

    Raises DataError.
    """
    splits = _open(where)
    train, test, test_name = _splits(splits)
    classes = _classes(train, where)
    rng = np.random.default_rng(SEED)
    if test is None:
        order = rng.permutation(len(train))
        count = max(1, round(TEST_SHARE * len(train)))
        train, test = train.select(np.sort(order[count:])), train.select(np.sort(order[:count]))
    kept, held = _hold_out(len(train), recipe.held_out)
    learned = _decode(train.select(kept), recipe.preprocessing.model_copy(update={"size": recipe.stored}))
    held_out = _decode(train.select(held), recipe.preprocessing)
    name = Path(where).name if Path(where).exists() else where
    test_name = f"{name}, {test_name}"
    return Source(name, classes, learned, held_out, _decode(test, recipe.preprocessing), Photos(test), test_name)


def unseen(where: str, card: Card) -> Unseen:
    """As `load` takes them: those of a split for testing, or all, if there is none; half of them to choose on.

    Classes are found by their names, whatever their order; some may be missing. Raises DataError.
    """
    everything, test, test_name = _splits(_open(where))
    rows, name = everything if test is None else test, Path(where).name if Path(where).exists() else where
    indices = _as_in(card, _classes(rows, where), where)
    if len(rows) < FEWEST:
        raise DataError(f"{where} has {len(rows)} pictures; at least {FEWEST} are needed to measure a network.")
    order = np.random.default_rng(SEED).permutation(len(rows))
    chosen = min(CHOOSING, len(rows) // 2)
    choosing, test = (rows.select(np.sort(part)) for part in (order[:chosen], order[chosen:]))
    ours, theirs = (_decode(part, card.preprocessing) for part in (choosing, test))
    ours, theirs = (Labelled(each.pictures, indices[each.labels]) for each in (ours, theirs))
    told = "half of the pictures" if len(choosing) * 2 >= len(rows) - 1 else f"{len(test):,} of the pictures"
    where_of = name if everything is rows else f"{name}, {test_name}"
    return Unseen(ours, theirs, Photos(test), f"{where_of}, {told}")


def _as_in(card: Card, classes: tuple[str, ...], where: str) -> Tensor:
    """int64 (classes,): which of the card's classes each of these is."""
    known = {_plain(name): index for index, name in enumerate(card.classes)}
    strange = [name for name in classes if _plain(name) not in known]
    if strange:
        raise DataError(f"{where} has pictures of “{strange[0]}”, which is none of the classes of {card.name}.")
    return torch.tensor([known[_plain(name)] for name in classes])


def _plain(name: str) -> str:
    return " ".join(name.lower().replace("_", " ").replace("-", " ").split())


def draw(count: int, recipe: Recipe) -> Source:
    """`count` training drawings and a tenth as many for the reported figure, from another seed."""
    train = _drawn(count, SEED, recipe)
    kept, held = _hold_out(len(train), recipe.held_out)
    test = _drawn(max(len(drawings.CLASSES), count // 10), SEED + 1, recipe)
    name, test_name = "drawings made by code", "drawings from a seed of their own"
    return Source(name, drawings.CLASSES, train.part(kept), train.part(held), test, drawn_photos(test), test_name)


def drawn_photos(drawn: Labelled) -> list[Photo]:
    """Of drawings of one channel, all colours alike."""
    return [
        from_pixels(np.broadcast_to(each, (3, *each.shape[1:])).transpose(1, 2, 0), "drawing") for each in drawn.pictures.numpy()
    ]


def photos(where: str, card: Card) -> tuple[Labelled, Iterable[Photo], Labelled]:
    """The splits `known` and `foreign` of a data set: photos of the card's classes, by their names, and of other things.

    The first are given cut and reduced, and as they are. Raises DataError.
    """
    datasets.disable_progress_bars()
    names = ("known", "foreign")
    try:
        splits = datasets.load_dataset(where, data_files={name: f"**/{name}-*.parquet" for name in names})
    except (datasets.exceptions.DatasetsError, OSError, ValueError) as failure:
        wanted = " and ".join(f"{name}-*.parquet" for name in names)
        raise DataError(f"{where} is no data set with the files {wanted}: {failure}") from failure
    if _classes(splits["known"], where) != card.classes:
        raise DataError(f"{where} has other classes than {card.name}.")
    known, foreign = (_decode(splits[name], card.preprocessing) for name in names)
    return known, Photos(splits["known"]), foreign


def _open(where: str) -> DatasetDict:
    path = Path(where)
    if (where.startswith((".", "/")) or path.exists()) and not path.is_dir():
        raise DataError(f"There is no folder {where}.")
    datasets.disable_progress_bars()
    try:
        return datasets.load_dataset(where)
    except (datasets.exceptions.DatasetsError, OSError, ValueError) as failure:
        if path.is_dir():
            raise DataError(f"{where} holds no pictures in folders by class, and no parquet files: {failure}") from failure
        raise DataError(f"{where} is neither a folder here nor a data set that could be fetched: {failure}") from failure


def _splits(splits: DatasetDict) -> tuple[Dataset, Dataset | None, str]:
    train = splits["train"] if "train" in splits else next(iter(splits.values()))
    for name in TEST_SPLITS:
        if name in splits and splits[name] is not train:
            return train, splits[name], name
    return train, None, f"{TEST_SHARE:.0%} set aside by a seeded split"


def _classes(train: Dataset, where: str) -> tuple[str, ...]:
    label = train.features.get("label")
    if not isinstance(label, ClassLabel) or "image" not in train.features:
        raise DataError(f"{where} needs two or more folders of pictures, one per class, or a column of images and one of labels.")
    if len(label.names) < 2:
        raise DataError(f"{where} has one class ({', '.join(label.names)}); a classifier needs at least two.")
    return tuple(label.names)


def _decode(rows: Dataset, preprocessing: Preprocessing) -> Labelled:
    return _labelled(_pixels(rows, preprocessing), np.asarray(rows["label"]))


def _pixels(rows: Dataset, preprocessing: Preprocessing) -> NDArray[np.uint8]:
    """uint8 (N, S, S, C)."""
    pictures = np.empty((len(rows), preprocessing.size, preprocessing.size, preprocessing.channel_count), np.uint8)
    for position, photo in enumerate(tqdm(Photos(rows), "decode", len(rows), unit=" pictures", leave=False)):
        pictures[position] = prepare(photo, centre_crop(photo), preprocessing).resized
    return pictures


def _drawn(count: int, seed: int, recipe: Recipe) -> Labelled:
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(count) % len(drawings.CLASSES))
    pictures = [drawings.draw(drawings.CLASSES[label], recipe.size, rng) for label in labels]
    return _labelled(np.stack(pictures)[..., None], labels)


def _labelled(pictures: NDArray[np.uint8], labels: NDArray[np.int64]) -> Labelled:
    return Labelled(torch.from_numpy(pictures.transpose(0, 3, 1, 2).copy()), torch.from_numpy(labels.astype(np.int64)))


def _hold_out(pictures: int, share: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which of so many pictures to learn from, and which to hold out."""
    order = np.random.default_rng(SEED).permutation(pictures)
    count = max(1, round(share * pictures))
    return np.sort(order[count:]), np.sort(order[:count])
