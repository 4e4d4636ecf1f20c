from pathlib import Path

import pytest

from convoscope.card import ModelError
from convoscope.history import LOG, Epoch, read_log, write_log

EPOCHS = (Epoch(1, 190, 48, 4.6, 0.13, 0.05, 156.3), Epoch(2, 380, 48, 4.0, 0.14, 0.1, 189.1))


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_log(tmp_path / LOG, EPOCHS)
    assert read_log(tmp_path / LOG) == EPOCHS


def test_no_file_is_no_epoch(tmp_path: Path) -> None:
    assert read_log(tmp_path / LOG) == ()


@pytest.mark.parametrize("written", ["{", '{"epoch": 1}', "[1]"], ids=["no JSON", "a field missing", "no object"])
def test_a_damaged_file_is_named(tmp_path: Path, written: str) -> None:
    (tmp_path / LOG).write_text(written)
    with pytest.raises(ModelError, match=f"^{tmp_path.name}/{LOG} is damaged, so the training cannot be shown.$"):
        read_log(tmp_path / LOG)
