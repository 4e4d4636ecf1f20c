import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from convoscope.card import ModelError, read_card, write_card
from tests.graphs import card, model, node, noise, write

INTERVAL = {"value": 0.5, "low": 0.4, "high": 0.6}
BUILT = model([node("Flatten", "input", "flat"), node("Gemm", "flat w", "logits")], {"w": noise((4, 2))}, (1, 2, 2))
FULL = card(
    BUILT,
    2,
    1,
    2,
    results={"measured_on": "drawings", "pictures": 9, "top1": INTERVAL, "top5": INTERVAL},
    calibration={"temperature": 1.5, "measured_on": "others", "ece_before": 0.2, "ece_after": 0.1},
    novelty={
        "measured_on": "others",
        "false_warnings": 0.08,
        "unsure": {"value": 1.0, "spread": 0.5},
        "unlike": {"value": 4.0, "spread": 1.0},
        "mean": [0.5, -1.5],
        "whitening": [[1.0, 0.0], [0.25, 2.0]],
    },
    origin={"recipe": "r", "data": "d", "trained": "2026-01-01", "epochs": 3, "seconds": 9.5, "flops": 1e9, "machine": "m"},
    licence="MIT",
)
Step = str | int


def paths(value: Any, before: tuple[Step, ...] = ()) -> Iterator[tuple[Step, ...]]:
    """The path to every field of the card, lists by their first item."""
    for step, part in value.items() if isinstance(value, dict) else enumerate(value[:1]):
        if isinstance(step, str):
            yield (*before, step)
        if isinstance(part, dict | list):
            yield from paths(part, (*before, step))


def parent(content: Any, path: tuple[Step, ...]) -> Any:
    for step in path[:-1]:
        content = content[step]
    return content


def dotted(path: tuple[Step, ...]) -> str:
    return ".".join(map(str, path))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "net", BUILT, FULL)


def refusal(folder: Path, content: Any) -> str:
    (folder / "card.json").write_text(json.dumps(content))
    with pytest.raises(ModelError) as failure:
        read_card(folder)
    return str(failure.value)


def copy() -> Any:
    return json.loads(json.dumps(FULL))


def test_a_full_card_is_read_as_it_stands(folder: Path) -> None:
    assert json.loads(read_card(folder).model_dump_json()) == FULL


def test_a_card_is_written_as_it_is_read_with_its_numbers_on_one_line(folder: Path) -> None:
    card = read_card(folder)
    write_card(folder, card)
    assert read_card(folder) == card
    text = (folder / "card.json").read_text()
    assert '"mean": [0.5, -1.5],' in text
    assert "      [0.25, 2.0]\n" in text


def test_a_card_cannot_be_changed(folder: Path) -> None:
    with pytest.raises(ValueError, match="frozen"):
        read_card(folder).title = "another"


@pytest.mark.parametrize("field", ["results", "calibration", "novelty", "origin", "licence"])
def test_what_is_not_known_is_null(folder: Path, field: str) -> None:
    (folder / "card.json").write_text(json.dumps(FULL | {field: None}))
    assert getattr(read_card(folder), field) is None


@pytest.mark.parametrize("path", list(paths(FULL)), ids=dotted)
def test_a_missing_field_is_named(folder: Path, path: tuple[Step, ...]) -> None:
    content = copy()
    del parent(content, path)[path[-1]]
    assert refusal(folder, content) == f"net/card.json, {dotted(path)}: Field required."


@pytest.mark.parametrize("path", list(paths(FULL)), ids=dotted)
def test_a_field_of_the_wrong_type_is_named(folder: Path, path: tuple[Step, ...]) -> None:
    content = copy()
    parent(content, path)[path[-1]] = {"not": "this"}
    assert refusal(folder, content).startswith(f"net/card.json, {dotted(path)}")


@pytest.mark.parametrize("path", [(), ("preprocessing",), ("layers", 0), ("results", "top1"), ("calibration",), ("origin",)])
def test_an_unknown_field_is_named(folder: Path, path: tuple[Step, ...]) -> None:
    content = copy()
    path = (*path, "colour")
    parent(content, path)["colour"] = "red"
    assert refusal(folder, content) == f"net/card.json, {dotted(path)}: Extra inputs are not permitted."


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema_version",), 2),
        (("preprocessing", "size"), 0),
        (("preprocessing", "size"), "64"),
        (("preprocessing", "size"), True),
        (("preprocessing", "channels"), "BGR"),
        (("preprocessing", "fit"), "stretch"),
        (("preprocessing", "resample"), "magic"),
        (("preprocessing", "std"), [0.0]),
        (("preprocessing", "mean"), ["0.5"]),
        (("sha256",), "ab12"),
        (("classes",), ["only one"]),
        (("classes",), ["one", ""]),
        (("results", "top1", "value"), 1.5),
        (("results", "pictures"), 0),
        (("calibration", "temperature"), 0),
        (("origin", "epochs"), -1),
    ],
    ids=str,
)
def test_a_value_that_cannot_be_is_named(folder: Path, path: tuple[Step, ...], value: Any) -> None:
    content = copy()
    parent(content, path)[path[-1]] = value
    assert refusal(folder, content).startswith(f"net/card.json, {dotted(path)}")


def test_numbers_must_be_finite(folder: Path) -> None:
    content = copy()
    content["calibration"]["temperature"] = float("inf")
    assert refusal(folder, content).startswith("net/card.json, calibration.temperature")


@pytest.mark.parametrize("field", ["mean", "std"])
def test_mean_and_std_have_one_value_per_channel(folder: Path, field: str) -> None:
    content = copy()
    content["preprocessing"][field] = [0.5, 0.5, 0.5]
    assert refusal(folder, content) == f"net/card.json, preprocessing: Value error, {field} has 3 values for 1 channels."


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'"card"', b"\xff\xfe{}", json.dumps(FULL).encode("utf-16")], ids=repr)
def test_what_is_not_a_json_object_is_refused(folder: Path, text: bytes) -> None:
    (folder / "card.json").write_bytes(text)
    with pytest.raises(ModelError, match=r"^net/card\.json, the whole file: "):
        read_card(folder)


def test_the_card_is_held_to_its_model(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(BUILT.SerializeToString() + b"\n")
    with pytest.raises(ModelError, match=r"^net/card\.json, sha256: model\.onnx is not the file this card was written for\.$"):
        read_card(folder)


@pytest.mark.parametrize(
    ("name", "words"),
    [("model.onnx", ": No such file or directory."), ("card.json", " is missing; `python -m convoscope card` writes one.")],
)
def test_a_missing_file_is_named(folder: Path, name: str, words: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ModelError, match=rf"^net/{re.escape(name + words)}$"):
        read_card(folder)


def test_two_classes_of_one_name_are_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "twins", BUILT, {**FULL, "classes": ["line", "line"]})
    with pytest.raises(ModelError, match="classes names line twice"):
        read_card(folder)
