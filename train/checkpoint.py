"""What a run keeps so that it can go on: the newest checkpoint that is whole, and the one before it.

A checkpoint is written beside the others and takes its name only when it is complete, so a run may be killed at any moment.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from accelerate import Accelerator
from safetensors import SafetensorError

from convoscope.history import LOG, MOMENTS, Epoch, read_log, write_log

FRESH, NEWEST, BEFORE = "checkpoint.new", "checkpoint", "checkpoint.before"
PLAN, SUMS = "plan.json", "sha256.json"


class ResumeError(Exception):
    """A run that cannot be taken up again; its text says why."""


class WriteError(Exception):
    """Files that could not be written; its text says why, and what is kept."""


def begin(accelerator: Accelerator, run: Path, plan: str, moments: Sequence[Path] = ()) -> list[Epoch]:
    """A run with no epoch yet. plan: what a run must agree in to be taken up again. moments: of before it. Raises WriteError."""
    if accelerator.is_main_process:
        with writing(run):
            shutil.rmtree(run, ignore_errors=True)
            (run / MOMENTS).mkdir(parents=True)
            for moment in moments:
                shutil.copy(moment, run / MOMENTS)
            (run / PLAN).write_text(plan)
    accelerator.wait_for_everyone()
    return []


def exists(run: Path) -> bool:
    """Whether an epoch of this run is kept."""
    return (run / PLAN).exists() and any((run / name).is_dir() for name in (NEWEST, BEFORE))


def resume(accelerator: Accelerator, run: Path, plan: str) -> list[Epoch]:
    """The epochs so far, with everything as it was after the last one. Raises ResumeError."""
    kept = [run / name for name in (NEWEST, BEFORE) if (run / name).is_dir()]
    if not exists(run):
        raise ResumeError(f"There is no checkpoint in {run}; start without --resume.")
    if (run / PLAN).read_text() != plan:
        raise ResumeError(f"The run in {run} was started with another recipe or other pictures; start without --resume.")
    whole = next((checkpoint for checkpoint in kept if _is_whole(checkpoint)), None)
    if whole is None:
        raise ResumeError(f"The checkpoint in {run} is damaged; start without --resume.")
    accelerator.load_state(str(whole))
    return list(read_log(whole / LOG))


def save(accelerator: Accelerator, run: Path, logs: list[Epoch]) -> None:
    """Raises WriteError; then the checkpoints before this one are as they were."""
    fresh = run / FRESH
    with writing(run):
        if accelerator.is_main_process:
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir()
        accelerator.wait_for_everyone()
        _save_state(accelerator, fresh)
        accelerator.wait_for_everyone()
        if accelerator.is_main_process:
            write_log(fresh / LOG, logs)
            (fresh / SUMS).write_text(json.dumps(_sums(fresh)))
            _promote(run)
    accelerator.wait_for_everyone()


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """For what writes into this folder. Raises WriteError."""
    try:
        yield
    except OSError as failure:
        raise WriteError(
            f"{folder} cannot be written: {failure.strerror or failure}. "
            "The last checkpoint is kept: put that right and go on with --resume."
        ) from failure


def _save_state(accelerator: Accelerator, folder: Path) -> None:
    """Raises OSError, also where the writers of weights and of optimisers have errors of their own for it."""
    try:
        accelerator.save_state(str(folder))
    except (SafetensorError, RuntimeError) as failure:
        raise OSError(str(failure).partition("\n")[0]) from failure


def _promote(run: Path) -> None:
    """The fresh checkpoint becomes the newest, that one the one before. Between any two steps one of them is whole."""
    shutil.rmtree(run / BEFORE, ignore_errors=True)
    if (run / NEWEST).exists():
        (run / NEWEST).rename(run / BEFORE)
    (run / FRESH).rename(run / NEWEST)


def _is_whole(checkpoint: Path) -> bool:
    try:
        return bool(json.loads((checkpoint / SUMS).read_text()) == _sums(checkpoint))
    except (OSError, ValueError):
        return False


def _sums(checkpoint: Path) -> dict[str, str]:
    files = sorted(path for path in checkpoint.iterdir() if path.name != SUMS)
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
