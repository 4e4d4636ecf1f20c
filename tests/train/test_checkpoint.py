import dataclasses
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.train.tiny import FLATTEN, source
from train import fit as fitting
from train.checkpoint import BEFORE, FRESH, NEWEST, ResumeError, WriteError, writing
from train.fit import Fitted, accuracy, fit, snapshot_steps
from train.recipes import Phase

REPOSITORY = Path(__file__).parents[2]
STEPS = 152 // 20  # per epoch: 160 drawings less 8 held out, in batches of 20
LONG = 80  # epochs of a run that takes some seconds


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("run") / "tiny"


@pytest.fixture(scope="module")
def fitted(run: Path) -> Fitted:
    return fit(FLATTEN, source(), run, resume=False)


def test_a_checkpoint_has_one_line_per_epoch(fitted: Fitted, run: Path) -> None:
    lines = (run / NEWEST / "training.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [log.model_dump() for log in fitted.logs]
    assert not (run / FRESH).exists()


def interrupt(monkeypatch: pytest.MonkeyPatch, run: Path, after: int) -> None:
    """Trains into `run` and is stopped by hand after so many epochs, in the middle of the next."""
    measured = 0

    def stop(*arguments: object) -> float:
        nonlocal measured
        measured += 1
        if measured > after:
            raise KeyboardInterrupt
        return accuracy(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(fitting, "accuracy", stop)
        with pytest.raises(KeyboardInterrupt):
            fit(FLATTEN, source(), run, resume=False)


@pytest.mark.parametrize("after", [1, 2])
def test_an_interrupted_run_goes_on_as_if_nothing_had_happened(
    after: int, fitted: Fitted, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    interrupt(monkeypatch, run, after)
    assert len((run / "checkpoint" / "training.jsonl").read_text().splitlines()) == after
    resumed = fit(FLATTEN, source(), run, resume=True)
    assert [(log.epoch, log.step, log.loss, log.accuracy) for log in resumed.logs] == [
        (log.epoch, log.step, log.loss, log.accuracy) for log in fitted.logs
    ]
    for one, other in zip(resumed.network.parameters(), fitted.network.parameters(), strict=True):
        torch.testing.assert_close(one, other)
    steps = snapshot_steps(3 * STEPS, FLATTEN.snapshots)
    assert {path.name for path in (run / "history").iterdir()} == {f"{step}.npz" for step in steps}


def test_a_finished_run_has_nothing_left_to_do(fitted: Fitted, run: Path) -> None:
    resumed = fit(FLATTEN, source(), run, resume=True)
    assert resumed.logs == fitted.logs
    for one, other in zip(resumed.network.parameters(), fitted.network.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


def test_another_recipe_is_not_resumed(fitted: Fitted, run: Path) -> None:
    with pytest.raises(ResumeError, match="was started with another recipe or other pictures; start without --resume"):
        fit(dataclasses.replace(FLATTEN, batch=21), source(), run, resume=True)


def test_other_pictures_are_not_resumed(fitted: Fitted, run: Path) -> None:
    with pytest.raises(ResumeError, match="other pictures"):
        fit(FLATTEN, dataclasses.replace(source(), classes=("other", *source().classes[1:])), run, resume=True)


def test_nothing_is_not_resumed(tmp_path: Path) -> None:
    with pytest.raises(ResumeError, match=f"There is no checkpoint in {tmp_path}; start without --resume"):
        fit(FLATTEN, source(), tmp_path, resume=True)


# ---- damage


def spoil(checkpoint: Path, name: str, how: str) -> None:
    path = checkpoint / name
    data = path.read_bytes()
    if how == "gone":
        path.unlink()
    else:
        path.write_bytes(data[: len(data) // 2] if how == "cut short" else data[:-9] + bytes(9))


def same_end(one: Fitted, other: Fitted) -> None:
    assert [(log.epoch, log.loss, log.accuracy) for log in one.logs] == [
        (log.epoch, log.loss, log.accuracy) for log in other.logs
    ]
    for first, second in zip(one.network.parameters(), other.network.parameters(), strict=True):
        torch.testing.assert_close(first, second, rtol=0, atol=0)


@pytest.mark.parametrize("how", ["cut short", "overwritten", "gone"])
@pytest.mark.parametrize("name", ["model.safetensors", "optimizer.bin", "random_states_0.pkl", "training.jsonl", "sha256.json"])
def test_a_damaged_checkpoint_costs_one_epoch(
    name: str, how: str, fitted: Fitted, run: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    copy = shutil.copytree(run, tmp_path / "run")
    spoil(copy / NEWEST, name, how)
    measured = []
    monkeypatch.setattr(fitting, "accuracy", lambda *arguments: measured.append(1) or accuracy(*arguments))
    same_end(fit(FLATTEN, source(), copy, resume=True), fitted)
    assert len(measured) == 1


def test_without_a_whole_checkpoint_a_sentence_says_so(fitted: Fitted, run: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(run, tmp_path / "run")
    for checkpoint in (NEWEST, BEFORE):
        spoil(copy / checkpoint, "model.safetensors", "cut short")
    with pytest.raises(ResumeError, match=f"^The checkpoint in {copy} is damaged; start without --resume.$"):
        fit(FLATTEN, source(), copy, resume=True)


def test_killed_between_two_renamings_the_one_before_is_taken(fitted: Fitted, run: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(run, tmp_path / "run")
    (copy / NEWEST).rename(copy / FRESH)
    same_end(fit(FLATTEN, source(), copy, resume=True), fitted)
    assert not (copy / FRESH).exists()


# ---- in a process of its own


def child(run: Path, epochs: int, *, resume: bool = False, before: str = "") -> subprocess.Popen[str]:
    """Trains the tiny network; `before` is run first in it."""
    lines = f"""
import dataclasses, pathlib, sys, torch
torch.set_num_threads(1)
from tests.train.tiny import FLATTEN, source
from train import fit
from train.checkpoint import WriteError
from train.recipes import Phase
{before}
recipe = dataclasses.replace(FLATTEN, phases=(Phase({epochs}, 16),))
try:
    fit.fit(recipe, source(), pathlib.Path({str(run)!r}), resume={resume})
except WriteError as failure:
    sys.exit(str(failure))
"""
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    return subprocess.Popen([sys.executable, "-c", lines], env=environment, stderr=subprocess.PIPE, text=True, cwd=REPOSITORY)


def ended(process: subprocess.Popen[str]) -> str:
    """Its last line, when it is done."""
    _, error = process.communicate(timeout=120)
    return error.strip().splitlines()[-1]


def finished(process: subprocess.Popen[str]) -> bool:
    _, error = process.communicate(timeout=120)
    assert process.returncode == 0, error
    return True


def kill_at_random(process: subprocess.Popen[str], run: Path, longest: float) -> None:
    """Some time after its first new checkpoint."""
    newest = run / NEWEST / "training.jsonl"
    begun = newest.stat().st_mtime_ns if newest.exists() else 0
    while not newest.exists() or newest.stat().st_mtime_ns == begun:
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)
    time.sleep(random.uniform(0, longest))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL


def last_weights(run: Path, epochs: int) -> dict[str, np.ndarray]:
    with np.load(run / "history" / f"{epochs * STEPS}.npz") as kept:
        return dict(kept)


def test_killed_twice_at_random_moments_it_ends_with_the_same_weights(tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert finished(child(whole, LONG))
    kill_at_random(child(killed, LONG), killed, longest=0.5)
    kill_at_random(child(killed, LONG, resume=True), killed, longest=0.5)
    assert finished(child(killed, LONG, resume=True))
    expected, found = last_weights(whole, LONG), last_weights(killed, LONG)
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values)


FILLS_UP = """
import resource
measure, measured = fit.accuracy, []
def accuracy(*arguments):
    measured.append(1)
    if len(measured) == 2:
        resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, resource.RLIM_INFINITY))
    return measure(*arguments)
fit.accuracy = accuracy
"""


@pytest.mark.parametrize("room", [0, 8000])
def test_where_there_is_no_room_for_a_checkpoint_the_last_one_is_kept(room: int, fitted: Fitted, tmp_path: Path) -> None:
    """No file may grow beyond `room` bytes from the second epoch on: 0 stops the weights, 8000 the optimisers' memory."""
    run = tmp_path / "run"
    sentence = ended(child(run, 3, before=FILLS_UP.replace("ROOM", str(room))))
    assert sentence.startswith(f"{run} cannot be written: ")
    assert sentence.endswith(". The last checkpoint is kept: put that right and go on with --resume.")
    assert len((run / NEWEST / "training.jsonl").read_text().splitlines()) == 1
    assert [log.loss for log in fit(FLATTEN, source(), run, resume=True).logs] == [log.loss for log in fitted.logs]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WriteError, match=f"^{tmp_path / 'file' / 'run'} cannot be written: Not a directory. The last checkpoint"):
        fit(dataclasses.replace(FLATTEN, phases=(Phase(1, 16),)), source(), tmp_path / "file" / "run", resume=False)


def test_a_failure_that_is_not_the_disks_is_not_taken_for_it(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), writing(tmp_path):
        _ = 1 / 0
