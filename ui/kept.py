"""A small cache that all visitors share, looked up in microseconds.

Streamlit's own hashes its function and arguments anew for each call, which a page makes a dozen of.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from math import inf
from typing import Any, Generic, TypeVar
from weakref import WeakSet

Found = TypeVar("Found")


@dataclass
class _Entry(Generic[Found]):
    """found: empty until it is there. lock: held by who finds it; the others wait."""

    born: float
    found: list[Found] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


_ALL: "WeakSet[Kept[Any]]" = WeakSet()


def let_go_of_old() -> int:
    """What has outlived its life, of all that is kept; how many entries that were."""
    return sum(each.let_go_of_old() for each in list(_ALL))


class Kept(Generic[Found]):
    """What `find(key, …)` returned for the keys asked for last; called like it, by many threads at once."""

    def __init__(self, find: Callable[..., Found], entries: int, life: float) -> None:
        _ALL.add(self)
        self._find, self._most, self._life = find, entries, life
        self._entries: OrderedDict[Hashable, _Entry[Found]] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, key: Hashable = None, *rest: Any) -> Found:
        entry = self._entry(key)
        with entry.lock:
            if not entry.found:
                try:
                    entry.found.append(self._find(*([] if key is None else [key]), *rest))
                except BaseException:
                    self._forget(key, entry)
                    raise
            return entry.found[0]

    def let_go_of_old(self) -> int:
        """Of what has outlived its life; how many entries that were."""
        with self._lock:
            old = [key for key, entry in self._entries.items() if self._is_old(entry)]
            for key in old:
                del self._entries[key]
        return len(old)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()

    def _forget(self, key: Hashable, entry: _Entry[Found]) -> None:
        with self._lock:
            if self._entries.get(key) is entry:
                del self._entries[key]

    def _entry(self, key: Hashable) -> _Entry[Found]:
        with self._lock:
            entry = self._entries.get(key)
            if entry is None or self._is_old(entry):
                entry = self._entries[key] = _Entry(time.monotonic())
            self._entries.move_to_end(key)
            while len(self._entries) > self._most:
                self._entries.popitem(last=False)
            return entry

    def _is_old(self, entry: _Entry[Found]) -> bool:
        return time.monotonic() > entry.born + self._life


def kept(entries: int = 1, life: float = inf) -> Callable[[Callable[..., Found]], Kept[Found]]:
    """Of a function whose first argument tells its results apart. entries: that are kept. life: seconds."""
    return lambda find: Kept(find, entries, life)
