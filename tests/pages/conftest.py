from collections.abc import Iterator
from pathlib import Path

import pytest

from ui import state

CACHES = (state.networks, state._report, state._history, state._moment, state._course)


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder in place of models/."""
    monkeypatch.setattr(state, "MODELS", tmp_path)
    for cache in CACHES:
        cache.clear()
    yield tmp_path
    for cache in CACHES:
        cache.clear()
