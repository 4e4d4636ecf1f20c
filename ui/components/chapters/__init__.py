"""A table of contents: which chapter is open, which are done, and the way to each."""

from collections.abc import Callable, Mapping, Set

from ui.components.packet import pack, register

_mount = register("chapters")


def chapters(titles: Mapping[str, str], at: str, done: Set[str], *, key: str, on_choose: Callable[[], None]) -> None:
    """titles: by the chapters' names in links. A click triggers `chosen` with a name; a new `at` scrolls to the top."""
    rows = [{"name": name, "title": title, "done": name in done} for name, title in titles.items()]
    _mount(key=key, data=pack({"rows": rows, "at": at}), on_chosen_change=on_choose)
