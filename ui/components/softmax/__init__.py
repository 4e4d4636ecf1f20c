"""From logits to percentages, class by class, at a temperature that the visitor can change."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from ui.components.packet import pack, register

_mount = register("softmax")


def softmax(
    logits: NDArray[np.float32],
    classes: Sequence[str],
    chosen: int,
    *,
    key: str,
    title: str,
    temperature: float,
    measured: bool,
    on_answer: Callable[[], None],
) -> None:
    """logits: (classes,). measured: whether the temperature is, so that percentages mean what they say.

    A click on a class triggers `answer` with its index.
    """
    header: dict[str, object] = {
        "title": title,
        "classes": list(classes),
        "chosen": chosen,
        "temperature": temperature,
        "calibrated": measured,
    }
    _mount(key=key, data=pack(header, [logits]), on_answer_change=on_answer)
