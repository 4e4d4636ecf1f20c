"""Runs pages without a browser and reads what their components were given."""

import io
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).parent.parent.parent

# each app looks through all installed packages for components, which takes longer than to run a page: once is enough
manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)


def open_app(page: str | None = None, **link: str) -> AppTest:
    """The app as a link opens it; `page` as in `pages/`."""
    app = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=60)
    if page is None:
        app.query_params.update(link)
        return app.run()
    app.run()
    app.switch_page(page)
    app.query_params.clear()
    app.query_params.update(link)
    return app.run()


def upload(app: AppTest, data: bytes, name: str = "photo.jpg") -> AppTest:
    app.file_uploader[0].upload(name, data, "image/jpeg")
    return app.run()


def jpeg(seed: int = 0) -> bytes:
    """A photo of nothing, 90 × 60 pixels, another one for each seed."""
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (60, 90, 3), np.uint8)).save(file, "JPEG")
    return file.getvalue()


def component(app: AppTest, name: str, label: str | None = None) -> dict:
    """The header that the (first) component of this name was given, or the one with this label."""
    for header in components(app, name):
        if label is None or header["label"].startswith(label):
            return header
    raise AssertionError(f"no component {name} on the page")


def text(app: AppTest) -> str:
    """All of the page's own words."""
    elements = [*app.title, *app.markdown, *app.caption, *app.info, *app.error, *app.warning]
    return "\n".join(element.value for element in elements)


def components(app: AppTest, name: str) -> list[dict]:
    """The headers that all components of this name were given, in the order of the page."""
    return [_header(node.proto) for node in app.get("bidi_component") if node.proto.component_name == f"convoscope.{name}"]


def _header(proto) -> dict:
    length = int.from_bytes(proto.bytes[:4], "little")
    return json.loads(proto.bytes[4 : 4 + length])


def answers(app: AppTest) -> list[list[dict]]:
    """For all bars, in the order of the page, the rows that they show."""
    found = []
    for node in app.get("bidi_component"):
        if node.proto.component_name == "convoscope.bars":
            header = _header(node.proto)
            start = 4 + int.from_bytes(node.proto.bytes[:4], "little")
            shares, logits = (
                np.frombuffer(node.proto.bytes, np.float32, slot["length"], start + slot["offset"]).tolist()
                for slot in header["slots"]
            )
            columns = zip(header["indices"], header["names"], shares, header["texts"], logits, strict=True)
            found.append([dict(zip(("index", "name", "share", "text", "logit"), row, strict=True)) for row in columns])
    return found


def labelled(widgets: Any, label: str) -> Any:
    """The one of these widgets with this label: in a popover keys change with what is chosen."""
    return next(widget for widget in widgets if widget.label == label)
