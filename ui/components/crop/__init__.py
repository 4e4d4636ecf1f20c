"""The photo with the square that the network sees, to be moved and zoomed, and the evidence for a class on it."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from convoscope.evidence import Evidence
from convoscope.photo import Photo
from convoscope.prepare import Crop, centre_crop
from convoscope.render import overlay, scale_of
from ui.components.packet import pack, register

_mount = register("crop")


def crop(
    photo: Photo,
    square: Crop,
    *,
    key: str,
    label: str,
    evidence: Evidence | None,
    class_name: str,
    on_move: Callable[[], None],
) -> None:
    """A move triggers `square` with {left, top, side} in photo pixels."""
    height, width = photo.shape
    whole = centre_crop(photo)
    header: dict[str, object] = {
        "label": label,
        "width": width,
        "height": height,
        "square": {"left": square.left, "top": square.top, "side": square.side},
        "whole": {"left": whole.left, "top": whole.top, "side": whole.side},
        "className": class_name,
        "cells": list(evidence.values.shape) if evidence else None,
    }
    arrays: list[NDArray[np.generic]] = [np.frombuffer(photo.jpeg, np.uint8)]
    if evidence:
        colours = overlay(evidence.values, scale_of(evidence.values, "evidence"))
        arrays += [colours, evidence.values.astype(np.float32)]
    _mount(key=key, data=pack(header, arrays), on_square_change=on_move)
