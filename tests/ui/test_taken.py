import pytest

from ui import state


def test_a_click_on_what_has_left_the_page_is_passed_over(monkeypatch):
    monkeypatch.setattr(state.st, "session_state", {})
    state.taken("bars-gone", "chosen", pytest.fail)()


def test_what_was_triggered_is_handed_on(monkeypatch):
    heard: list[int] = []
    monkeypatch.setattr(state.st, "session_state", {"bars": type("Triggered", (), {"chosen": 3})})
    state.taken("bars", "chosen", heard.append)()
    assert heard == [3]
