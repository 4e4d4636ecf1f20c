import gc
import hashlib
import os
import shutil
import threading
import time
from pathlib import Path

import pytest

from convoscope.graph.reading import GraphError
from convoscope.graph.stored import StoredModel

SHAPES = Path(__file__).parents[3] / "models" / "shapes" / "model.onnx"
SHA256 = hashlib.sha256(SHAPES.read_bytes()).hexdigest()
LONG = 3600.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return shutil.copy(SHAPES, tmp_path / "model.onnx")


def test_it_is_parsed_once_for_all_who_ask_soon_after_each_other(path: Path) -> None:
    stored = StoredModel(path, SHA256, LONG)
    models = []
    threads = [threading.Thread(target=lambda: models.append(stored())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(models) == 8
    assert all(model is models[0] for model in models)
    assert models[0].SerializeToString() == SHAPES.read_bytes()


def test_it_is_let_go_when_nobody_asks_and_parsed_anew_for_the_next(path: Path) -> None:
    stored = StoredModel(path, SHA256, held=0.05)
    stored()
    deadline = time.monotonic() + 30
    while stored._model and time.monotonic() < deadline:
        time.sleep(0.01)
    assert stored._model is None
    assert stored().SerializeToString() == SHAPES.read_bytes()


def test_it_stays_as_long_as_somebody_asks(path: Path) -> None:
    stored, now = StoredModel(path, SHA256, LONG), time.monotonic()
    model = stored()
    stored._let_go_if_unused()
    assert stored() is model
    stored._asked = now - LONG
    stored._let_go_if_unused()
    assert stored() is not model


def test_a_file_that_takes_its_place_is_not_seen(path: Path) -> None:
    stored = StoredModel(path, SHA256, LONG)
    other = path.with_name("other.onnx")
    other.write_bytes(b"another network")
    other.replace(path)
    assert stored().SerializeToString() == SHAPES.read_bytes()


def test_a_file_that_was_written_over_is_said_so(path: Path) -> None:
    stored = StoredModel(path, SHA256, LONG)
    path.write_bytes(b"another network")
    with pytest.raises(GraphError, match="written over since it was loaded"):
        stored()


def test_a_file_that_was_only_touched_is_the_same(path: Path) -> None:
    stored = StoredModel(path, SHA256, LONG)
    os.utime(path, ns=(0, 0))
    assert stored().SerializeToString() == SHAPES.read_bytes()


def test_its_file_is_closed_with_it(path: Path) -> None:
    stored = StoredModel(path, SHA256, LONG)
    file = stored._file
    del stored
    gc.collect()
    assert file.closed
