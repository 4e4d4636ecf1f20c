"""Arrays for a component as one run of bytes: a JSON header, then the raw numbers."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.components.v2.types import ComponentRenderer

HERE = Path(__file__).parent
ROOM = 3_700_000  # bytes of arrays for one view: with its words it stays below 4 MiB
_KINDS = {"float32": "f", "uint8": "b"}


def pack(header: dict[str, object], arrays: Sequence[NDArray[np.generic]] = ()) -> bytes:
    """What every component is given, also where there are no arrays: for a dict Streamlit would import pandas, 50 MB of it.

    uint32 length of the header, the header, then each array (float32 or uint8, C order) at a multiple of 4 bytes."""
    slots, body, at = [], [], 0
    for array in arrays:
        raw = np.ascontiguousarray(array).tobytes()
        padding = -len(raw) % 4
        slots.append({"kind": _KINDS[array.dtype.name], "offset": at, "length": array.size})
        body.append(raw + b"\0" * padding)
        at += len(raw) + padding
    text = json.dumps({**header, "slots": slots}).encode()
    text += b" " * (-len(text) % 4)
    return len(text).to_bytes(4, "little") + text + b"".join(body)


def register(name: str, *shared: str) -> ComponentRenderer:
    """The component in the folder `name`: its style sheet and its modules, after those all share and the `shared` it asks for."""
    folder = HERE / name
    modules = [HERE / "packet.js", *(HERE / f"{each}.js" for each in shared), *sorted(folder.glob("*.js"))]
    sheets = [HERE / "shared.css", *filter(Path.exists, (HERE / f"{each}.css" for each in shared)), folder / f"{name}.css"]
    return st.components.v2.component(
        f"convoscope.{name}",
        js="".join(module.read_text() for module in modules),
        css="".join(sheet.read_text() for sheet in sheets),
    )
