"""What all tests share: a home of their own for Hugging Face's caches, and one network that is really trained."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, expect, sync_playwright

from tests.chromium import ARGUMENTS, find

PATIENCE = 20_000  # ms that a browser may wait; a busy machine is no failure

HOME = tempfile.TemporaryDirectory(prefix="convoscope-tests-")
os.environ["HF_HOME"] = HOME.name  # before `datasets` is imported; the user's own caches stay as they are
os.environ["HF_HUB_OFFLINE"] = "1"

settings.register_profile("convoscope", deadline=None, derandomize=True, database=None)
settings.load_profile("convoscope")


def pytest_unconfigure() -> None:
    HOME.cleanup()


@pytest.fixture(scope="session")
def shapes_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a shapes network trained just now, by the real recipe, as `python -m train shapes` does it."""
    from train.__main__ import main  # only where a test needs it: importing PyTorch takes seconds

    home = tmp_path_factory.mktemp("shapes")
    code = main(["shapes", "--out", str(home / "shapes"), "--runs", str(home / "runs"), "--licence", "MIT"])
    assert code == 0
    return home / "shapes"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One for all tests: Playwright does not run twice in a thread."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=find(), args=ARGUMENTS)
