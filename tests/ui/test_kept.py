import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest

from ui.kept import kept, let_go_of_old


def test_what_is_asked_for_last_is_kept() -> None:
    asked: list[str] = []

    @kept(entries=2)
    def found(key: str, suffix: str) -> str:
        asked.append(key)
        return key + suffix

    assert [found(key, "!") for key in ("a", "b", "a", "c", "a", "b")] == ["a!", "b!", "a!", "c!", "a!", "b!"]
    assert asked == ["a", "b", "c", "b"]
    found.clear()
    assert found("b", "?") == "b?"


def test_it_is_found_anew_after_its_life(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    found = kept(entries=1, life=10)(lambda key: [key])
    first = found("a")
    now = 109
    assert found("a") is first
    now = 111
    assert found("a") is not first


def test_what_has_outlived_its_life_is_let_go_of_without_being_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    mortal, immortal = kept(entries=2, life=10)(lambda key: {key}), kept()(lambda: {"ever"})
    held = [weakref.ref(found) for found in (mortal("a"), immortal())]
    now = 109
    let_go_of_old()
    assert all(each() for each in held)
    now = 111
    let_go_of_old()
    assert [each() for each in held] == [None, {"ever"}]


def test_a_function_without_a_key_is_called_once() -> None:
    found = kept()(lambda: [])
    assert found() is found()


def test_those_who_ask_for_the_same_wait_for_who_finds_it() -> None:
    begun, go_on, times = threading.Event(), threading.Event(), []

    @kept(entries=4)
    def found(key: str) -> list[str]:
        if key == "slow":
            times.append(key)
            begun.set()
            assert go_on.wait(10)
        return [key]

    with ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(found, "slow") for _ in range(2)]
        assert begun.wait(10)
        assert found("quick") == ["quick"]  # of another key nobody waits
        go_on.set()
        one, other = (each.result(10) for each in asked)
    assert one is other
    assert times == ["slow"]


def test_what_failed_takes_nobodys_place() -> None:
    asked: list[str] = []

    @kept(entries=2)
    def found(key: str) -> str:
        asked.append(key)
        if key == "bad":
            raise ValueError(key)
        return key

    found("one")
    with pytest.raises(ValueError, match="bad"):
        found("bad")
    assert [found(key) for key in ("other", "one")] == ["other", "one"]
    assert asked == ["one", "bad", "other"]


def test_what_failed_is_tried_again() -> None:
    answers = iter([ValueError("not yet"), "there"])

    @kept()
    def found() -> str:
        answer = next(answers)
        if isinstance(answer, ValueError):
            raise answer
        return answer

    with pytest.raises(ValueError, match="not yet"):
        found()
    assert found() == "there"
