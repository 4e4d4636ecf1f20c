"""`card.json`: what a reader of a model folder needs to know beside the graph. No field has a default value."""

import hashlib
import re
from collections import Counter
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(gt=0)]
Name = Annotated[str, Field(min_length=1)]


class ModelError(Exception):
    """A model folder that cannot be used; its text names the file, the field and what is wrong."""


class Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class Preprocessing(Part):
    """How a photo becomes the input. mean and std are per channel, on pixel values scaled to 0-1."""

    size: Count
    channels: Literal["RGB", "grey"]
    fit: Literal["centre crop"]
    resample: Literal["nearest", "box", "bilinear", "bicubic", "lanczos"]
    mean: tuple[float, ...]
    std: tuple[Positive, ...]

    @property
    def is_centred(self) -> bool:
        """Whether a mean colour is taken off, so that 0 stands for that colour."""
        return any(self.mean) and all(0 <= level <= 1 for level in self.mean)

    @property
    def channel_count(self) -> int:
        return 3 if self.channels == "RGB" else 1

    @model_validator(mode="after")
    def _one_value_per_channel(self) -> Self:
        for name, values in (("mean", self.mean), ("std", self.std)):
            if len(values) != self.channel_count:
                raise ValueError(f"{name} has {len(values)} values for {self.channel_count} channels")
        return self


class LayerTitle(Part):
    """What people call the layer whose convolution or dense step has this name in the graph."""

    name: str
    title: str


class Interval(Part):
    """A measured share with its 95 % confidence interval (Wilson, 1927)."""

    value: Share
    low: Share
    high: Share


class Results(Part):
    """Accuracy on pictures that were used for nothing else."""

    measured_on: str
    pictures: Count
    top1: Interval
    top5: Interval | None


class Calibration(Part):
    """Logits are divided by the temperature before softmax (Guo et al., 2017). ece: expected calibration error."""

    temperature: Positive
    measured_on: str
    ece_before: Share
    ece_after: Share


class Limit(Part):
    """value: from which a picture is doubted. spread: standard deviation over the pictures that it was chosen on."""

    value: float
    spread: Positive


class Novelty(Part):
    """When a picture may show none of the classes (see `novelty`).

    false_warnings: share of the pictures measured on that are doubted, though they do show a class. mean, whitening: of their
    strengths, (F,) and (F, F).
    """

    measured_on: str
    false_warnings: Share
    unsure: Limit
    unlike: Limit
    mean: tuple[float, ...]
    whitening: tuple[tuple[float, ...], ...]

    @model_validator(mode="after")
    def _square(self) -> Self:
        if any(len(row) != len(self.mean) for row in (*self.whitening, self.whitening)):
            raise ValueError(f"whitening is not {len(self.mean)} rows of {len(self.mean)} numbers, as many as mean has")
        return self


class Origin(Part):
    """Where the weights come from. flops: of all training, two for a multiply-add, three passes (forward and both backward)."""

    recipe: str
    data: str
    trained: str
    epochs: Count
    seconds: Annotated[float, Field(ge=0)]
    flops: Positive
    machine: str


class Card(Part):
    schema_version: Literal[1]
    name: str
    title: str
    description: str
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    preprocessing: Preprocessing
    classes: Annotated[tuple[Name, ...], Field(min_length=2)]
    layers: tuple[LayerTitle, ...]
    results: Results | None
    calibration: Calibration | None
    novelty: Novelty | None
    origin: Origin | None
    licence: str | None

    @property
    def temperature(self) -> float:
        """What logits are divided by before softmax: 1 where that was not measured."""
        return self.calibration.temperature if self.calibration else 1.0

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        twice = next((name for name, count in Counter(self.classes).items() if count > 1), None)
        if twice is not None:
            raise ValueError(f"classes names {twice} twice; give each class a name of its own")
        return self


def write_card(folder: Path, card: Card) -> None:
    """Writes `card.json`, each list of numbers on one line."""
    text = re.sub(r"\[\s+(-?\d[^\]\[]*?)\s+\]", lambda found: f"[{' '.join(found[1].split())}]", card.model_dump_json(indent=2))
    (folder / "card.json").write_text(text + "\n")


def rewrite_card(folder: Path, card: Card) -> None:
    """Writes a loaded network's card. How it prepares a photo stays as written: the graph may do a part of that itself."""
    write_card(folder, card.model_copy(update={"preprocessing": read_card(folder).preprocessing}))


def read_card(folder: Path) -> Card:
    """Reads and checks `card.json` and holds `model.onnx` to its sha256.

    Raises ModelError.
    """
    path = folder / "card.json"
    if not path.exists():
        raise ModelError(f"{folder.name}/card.json is missing; `python -m convoscope card` writes one.")
    text = _read(path)
    try:
        card = Card.model_validate_json(text)
    except ValidationError as failure:
        first = failure.errors()[0]
        field = ".".join(str(step) for step in first["loc"]) or "the whole file"
        raise ModelError(f"{folder.name}/card.json, {field}: {first['msg']}.") from failure
    if hashlib.sha256(_read(folder / "model.onnx")).hexdigest() != card.sha256:
        raise ModelError(f"{folder.name}/card.json, sha256: model.onnx is not the file this card was written for.")
    return card


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as failure:
        raise ModelError(f"{path.parent.name}/{path.name}: {failure.strerror or 'cannot be read'}.") from failure
