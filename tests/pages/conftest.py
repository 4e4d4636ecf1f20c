from collections.abc import Iterator
from pathlib import Path

import pytest

from ui import shared, visit
from ui.tools import SESSIONS

CACHES = (
    shared._edition,
    shared._networks,
    visit._report,
    visit._history,
    visit._moment,
    visit._course,
    visit._tools,
    visit._findings,
    SESSIONS,
)


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder in place of models/."""
    monkeypatch.setattr(shared, "MODELS", tmp_path)
    for cache in CACHES:
        cache.clear()
    yield tmp_path
    for cache in CACHES:
        cache.clear()
