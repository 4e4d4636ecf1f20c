"""What all tests share: a home of their own for Hugging Face's caches, and one network that is really trained."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, expect, sync_playwright

from tests.chromium import ARGUMENTS, find
from tests.examples import examples

PATIENCE = 60_000  # ms that a browser may wait; a busy machine is no failure

HOME = tempfile.TemporaryDirectory(prefix="convoscope-tests-")
os.environ["HF_HOME"] = HOME.name  # before `datasets` is imported; the user's own caches stay as they are
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["OMP_NUM_THREADS"] = "1"  # before PyTorch is imported; other tests run meanwhile

settings.register_profile("convoscope", examples(100))
settings.load_profile("convoscope")


def pytest_unconfigure() -> None:
    HOME.cleanup()


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors, since browser tests also wait; each takes up to a gigabyte of memory."""
    return min(8, (os.cpu_count() or 1) + 1)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Tests that share what is costly to make run one after the other in one process, all others wherever one is free.

    The engine is to be covered by its own tests; counting lines in all others would cost half as much again.
    """
    fixtures = getattr(item, "fixturenames", ())
    folder = item.path.parent.name
    if "shapes_folder" in fixtures:
        item.add_marker(pytest.mark.xdist_group("shapes"))
    elif folder == "deploy":  # two replicas and a proxy
        item.add_marker(pytest.mark.xdist_group(folder))
    elif folder in ("train", "bench"):  # each file trains a network, or starts a server
        item.add_marker(pytest.mark.xdist_group(item.path.stem))
    if "tests/convoscope" not in item.nodeid:
        item.add_marker(pytest.mark.no_cover)
    if folder == "browser":  # on a busy machine a race may be lost that no visitor runs; the summary names who tried twice
        item.add_marker(pytest.mark.flaky(reruns=1))


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
