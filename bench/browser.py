"""From the choice of a file to what a visitor sees, in a real Chromium. Floor: a bare Streamlit page that says its size."""

import io
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import FilePayload, Page, expect, sync_playwright

from bench.timing import Row, ratio
from convoscope.network import load
from convoscope.photo import read
from convoscope.prepare import centre_crop, prepare
from convoscope.words import map_text
from tests.browser.conftest import DESKTOP, ROOT, running_app
from tests.chromium import ARGUMENTS, find

UPLOADER = '[data-testid="stFileUploaderDropzoneInput"]'
UPLOADS = 7


def rows() -> list[Row]:
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as logs:
        chromium = playwright.chromium.launch(executable_path=find(), args=ARGUMENTS)

        @contextmanager
        def visitor(script: str) -> Iterator[tuple[Page, str]]:
            with running_app(Path(logs) / "log", ROOT / "models", script) as url:
                page = chromium.new_page(viewport=DESKTOP)
                expect.set_options(timeout=60_000)
                yield page, url

        with visitor("bench/peers/bare.py") as (page, url):
            page.goto(url)
            floor = _median(page, lambda data: expect(page.get_by_text(str(len(data)), exact=True)).to_be_visible())
        with visitor("streamlit_app.py") as (page, url):
            cold = _timed(lambda: (page.goto(url), expect(page.locator(".bar").first).to_be_visible()))
            answers = _median(
                page, lambda data: expect(page.locator(".strip .tile").last).to_have_attribute("aria-label", _last(data))
            )
            maps = _timed(lambda: (page.get_by_role("link", name="Layers").click(), page.locator(".grid .tile").last.wait_for()))
            switches = sorted(_switch(page, number) for number in (9, 2, 5))
    return [
        Row("cold browser to prediction and bars", cold),
        Row("upload to prediction, bars and journey", answers, ratio(answers, floor, "a bare Streamlit page saying the size")),
        Row("first page to every map of layer 1", maps),
        Row("one layer's maps to another's", switches[1]),
    ]


def _last(data: bytes) -> str:
    """What the last map of the journey says of this photo: it is drawn after everything else on the page."""
    photo = read(data)
    network = load(ROOT / "models/photo")
    trace = network.trace(prepare(photo, centre_crop(photo), network.card.preprocessing))
    layer = network.layers[-2]
    maps = trace.values(layer.map_stages[1])
    channel = int(maps.reshape(len(maps), -1).max(1).argmax())
    return f"{layer.title.lower()}: channel {channel}, {map_text(maps[channel])}"


def _switch(page: Page, number: int) -> float:
    def go() -> None:
        page.get_by_test_id("stButtonGroup").get_by_text(f"conv {number}", exact=True).click()
        page.locator(f'[aria-label="Activation maps of Convolution {number}, ReLU"] .tile').last.wait_for()

    return _timed(go)


def _median(page: Page, shown: Callable[[bytes], None]) -> float:
    taken = []
    for data in map(_photo, range(UPLOADS)):
        file: FilePayload = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": data}
        taken.append(_timed(lambda file=file, data=data: (page.locator(UPLOADER).set_input_files(file), shown(data))))
    return sorted(taken)[UPLOADS // 2]


def _timed(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return (time.perf_counter() - started) * 1000


def _photo(seed: int) -> bytes:
    small = np.random.default_rng(seed).integers(0, 255, (30, 40, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(small).resize((1600 + seed, 1200), Image.Resampling.BICUBIC).save(file, "JPEG", quality=90)
    return file.getvalue()
