import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from convoscope.card import read_card
from convoscope.history import read_log
from convoscope.network import load
from tests.graphs import prepared
from tests.train.folders import class_folders, parquet
from tests.train.test_folder import FILES
from train import __main__ as commands
from train.__main__ import main
from train.fit import Training

REPOSITORY = Path(__file__).parents[2]
SHAPES = REPOSITORY / "models" / "shapes"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that nothing here can write into the repository's models/ and runs/."""
    monkeypatch.chdir(tmp_path)


def fails(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The sentence that a call ends with."""
    assert main(list(arguments)) == 1
    return capsys.readouterr().err.splitlines()[-1]


def test_class_folders_become_a_network(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = class_folders(tmp_path / "colours", {"red": 8, "green": 6, "blue": 7})
    out = tmp_path / "models" / "colours"
    arguments = ["photo", "--data", str(where), "--epochs", "1", "--out", str(out), "--runs", str(tmp_path / "runs")]
    assert main([*arguments, "--licence", "CC0"]) == 0
    card = read_card(out)
    assert json.loads(capsys.readouterr().out) == json.loads(card.model_dump_json())
    assert (card.name, card.classes, card.licence) == ("colours", ("blue", "green", "red"), "CC0")
    assert card.results is not None
    assert card.results.pictures == 2
    assert card.origin is not None
    assert card.origin.epochs == 1
    network = load(out)
    assert len(network.predict(prepared(card.preprocessing)).answers) == 3
    assert {path.name for path in out.iterdir()} == FILES

    assert "is right on" in fails(capsys, *arguments, "--resume")  # finished already, and no better than itself


def test_a_network_is_not_started_from_where_the_run_would_write(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    start = shutil.copytree(SHAPES, tmp_path / "runs" / "shapes" / "model")
    arguments = ["shapes", "--drawings", "140", "--epochs", "1", "--start", str(start), "--out", str(tmp_path / "shapes")]
    said = fails(capsys, *arguments, "--runs", str(tmp_path / "runs"))
    assert said == f"{start} lies in {start.parent}, where this run would write; choose another --out or --runs."
    assert (start / "model.onnx").exists()


@pytest.mark.parametrize(("out", "runs"), [("models/shapes", "models"), (".", "runs"), ("runs/shapes/model", "runs/shapes")])
def test_a_run_is_not_kept_where_the_network_goes(tmp_path, capsys, monkeypatch, out, runs) -> None:
    shutil.copytree(SHAPES, tmp_path / "models" / "shapes")
    monkeypatch.chdir(tmp_path)
    said = fails(capsys, "shapes", "--drawings", "140", "--epochs", "1", "--out", out, "--runs", runs)
    assert said.endswith("lie in each other; choose another --out or --runs.")
    assert (tmp_path / "models" / "shapes" / "model.onnx").exists()


def test_a_training_that_diverges_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch) -> None:
    learn = Training.learn
    monkeypatch.setattr(Training, "learn", lambda *given: learn(*given) * float("nan"))
    arguments = ["shapes", "--drawings", "140", "--epochs", "1", "--out", str(tmp_path / "shapes")]
    assert main(arguments) == 1
    assert "The loss is no number any more after epoch 1: " in capsys.readouterr().err


def test_a_better_network_is_not_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = shutil.copytree(SHAPES, tmp_path / "shapes")
    before = (out / "card.json").read_bytes()
    arguments = ["shapes", "--drawings", "140", "--epochs", "1", "--out", str(out), "--runs", str(tmp_path / "runs")]
    assert fails(capsys, *arguments).startswith(f"{out} is right on 99.")
    assert (out / "card.json").read_bytes() == before
    assert main([*arguments, "--resume", "--replace"]) == 0
    assert read_card(out).origin != read_card(SHAPES).origin


def test_a_folder_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = str(tmp_path / "nowhere")
    assert fails(capsys, "photo", "--data", where) == f"There is no folder {where}."


def test_one_class_is_not_enough(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = parquet(tmp_path / "set", ["red"], {"train": 3})
    assert fails(capsys, "photo", "--data", str(where)) == f"{where} has one class (red); a classifier needs at least two."


@pytest.mark.parametrize(("counts", "left"), [({"red": 1, "blue": 1}, 0), ({"red": 2, "blue": 1}, 1)])
def test_too_few_pictures(counts: dict[str, int], left: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = class_folders(tmp_path / "few", counts)
    assert fails(capsys, "photo", "--data", str(where)) == f"few has too few pictures to train on: {left}."


def test_nothing_to_resume(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = tmp_path / "runs"
    arguments = ["shapes", "--drawings", "20", "--resume", "--runs", str(runs), "--out", str(tmp_path / "shapes")]
    assert fails(capsys, *arguments) == f"There is no checkpoint in {runs / 'shapes'}; start without --resume."


def test_no_room_for_the_folder_is_a_sentence_and_the_training_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    arguments = ["shapes", "--drawings", "140", "--epochs", "1", "--runs", str(tmp_path / "runs"), "--out", str(tmp_path / "out")]
    with monkeypatch.context() as patch:
        patch.setattr(commands, "write_folder", full)
        assert fails(capsys, *arguments) == (
            f"{tmp_path / 'runs' / 'out'} cannot be written: No space left on device. The last checkpoint is kept: "
            "put that right and go on with --resume."
        )
    with monkeypatch.context() as patch:
        patch.setattr(commands, "install", full)
        assert fails(capsys, *arguments, "--resume").startswith(f"{tmp_path} cannot be written: No space left on device.")
    assert main([*arguments, "--resume"]) == 0
    assert len(read_log(tmp_path / "out" / "training.jsonl")) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["birds"],
        ["photo"],
        ["shapes", "--epochs", "0"],
        ["shapes", "--epochs", "-3"],
        ["shapes", "--epochs", "many"],
        ["shapes", "--drawings", "0"],
        ["shapes", "--data", "somewhere"],
    ],
    ids=" ".join,
)
def test_arguments_that_mean_nothing(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert "python -m train" in capsys.readouterr().err


def test_the_command_line_ends_with_a_sentence_and_no_traceback(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "train", "photo", "--data", str(tmp_path / "nowhere")]
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == f"There is no folder {tmp_path / 'nowhere'}.\n"


def test_two_processes_train_the_network_that_one_trains(tmp_path: Path) -> None:
    """The same but for noise: their batches together are one process's, drawn in another order and cropped otherwise."""
    arguments = ["shapes", "--drawings", "1000", "--epochs", "4", "--runs", str(tmp_path / "runs"), "--out"]
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", "-m", "train", *arguments]
    environment = {**os.environ, "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(
        [*command, str(tmp_path / "two")], env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count('"schema_version"') == 1
    assert main([*arguments, str(tmp_path / "one")]) == 0
    alone, together = (read_log(tmp_path / name / "training.jsonl") for name in ("one", "two"))
    assert [log.step for log in alone] == [log.step for log in together] == [9, 18, 27, 36]  # 950 pictures, batches of 100
    for one, two in zip(alone, together, strict=True):
        assert two.loss == pytest.approx(one.loss, rel=0.25)
    one, two = (read_card(tmp_path / name).results for name in ("one", "two"))
    assert one
    assert two
    assert one.top1.low <= two.top1.high
    assert two.top1.low <= one.top1.high
