import time

import pytest

from convoscope.network import load
from tests.pages.app import ROOT
from ui import tools
from ui.tools import Sessions, Tools


def test_a_session_is_opened_once_and_the_ones_used_last_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "KEPT", 2)
    sessions, opened = Sessions(), list[str]()

    def get(name: str) -> str:
        return sessions.get((name,), 0, lambda: opened.append(name) or name.upper())

    assert [get(name) for name in ("a", "b", "a", "c", "a", "b")] == ["A", "B", "A", "C", "A", "B"]
    assert opened == ["a", "b", "c", "b"]


def test_large_sessions_make_room_for_each_other_and_the_one_in_use_stays() -> None:
    sessions = Sessions()
    for name, size in (("a", tools.ROOM // 2), ("b", tools.ROOM // 2), ("c", 1), ("d", 2 * tools.ROOM)):
        sessions.get((name,), size, dict)
        assert sum(each.size for each in sessions._kept.values()) <= tools.ROOM or len(sessions._kept) == 1
    assert list(sessions._kept) == [("d",)]


def test_a_session_that_cannot_be_opened_is_tried_again() -> None:
    sessions = Sessions()

    def fail() -> None:
        raise ValueError("no rule")

    with pytest.raises(ValueError, match="no rule"):
        sessions.get(("a",), 0, fail)
    assert sessions.get(("a",), 0, lambda: 1) == 1


def test_what_nobody_uses_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "IDLE", 1.5)
    sessions, opened = Sessions(), list[int]()
    for _ in range(10):
        sessions.get(("a",), 0, lambda: opened.append(1) or 1)
        time.sleep(0.2)
    assert len(opened) == 1  # in use all along
    until = time.monotonic() + 20
    while sessions._kept and time.monotonic() < until:
        time.sleep(0.1)
    assert not sessions._kept


def test_another_network_has_sessions_of_its_own() -> None:
    one, other = (Tools(load(ROOT / "models" / name)) for name in ("shapes", "cifar10"))
    assert one.lean is one.lean
    assert one.gradients is not other.gradients
    assert one.forgetful.gradients is not one.gradients
