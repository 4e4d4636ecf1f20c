"""A slider through moments, with a button that plays them one after the other."""

from collections.abc import Callable, Sequence

from ui.components.packet import pack, register

_mount = register("player")


def player(moments: Sequence[str], at: int, *, followed: int, key: str, label: str, on_choose: Callable[[], None]) -> None:
    """moments: their names, in order. A change triggers `chosen` with the index of the new one.

    Until that is shown other indices are passed over, as answers to earlier choices, unless `followed` is another number too.
    """
    header: dict[str, object] = {"moments": list(moments), "at": at, "followed": followed, "label": label}
    _mount(key=key, data=pack(header), on_chosen_change=on_choose)
