"""From the choice of a file to what a visitor sees, in a real Chromium. Floor: a bare Streamlit page that says its size."""

import io
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image
from playwright.sync_api import FilePayload, Locator, Page, sync_playwright

from bench.timing import ratio, took
from convoscope.benchmark import Row
from convoscope.network import load
from convoscope.photo import Photo, read
from convoscope.prepare import centre_crop, prepare
from convoscope.strength import strongest_first
from convoscope.words import map_text
from tests.browser.conftest import DESKTOP, ROOT, running_app
from tests.chromium import ARGUMENTS, BROWSERS, find
from ui.samples import PHOTOS

UPLOADER = '[data-testid="stFileUploaderDropzoneInput"]'
UPLOADS = 7
SETTLED = 1500  # ms after which a cold page has asked for all it needs
HOVER = """(element, seconds) => new Promise((done) => {
    const targets = element.matches("canvas") ? [element] : [...element.querySelectorAll(".unit")];
    const began = performance.now();
    let frames = 0;
    const move = () => {
        const passed = performance.now() - began;
        if (passed > 1000 * seconds) return done(1000 * frames / passed);
        const target = targets[frames % targets.length], { left, top, width, height } = target.getBoundingClientRect();
        const clientX = left + (frames * 0.11 % 1) * width, clientY = top + (frames * 0.07 % 1) * height;
        target.dispatchEvent(new PointerEvent("pointermove", { bubbles: true, clientX, clientY, pointerType: "mouse" }));
        frames += 1;
        requestAnimationFrame(move);
    };
    requestAnimationFrame(move);
})"""  # in each frame the pointer is somewhere else; the frames drawn in a second
SECONDS = 3  # of hovering


def rows() -> list[Row]:
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as logs:
        chromium = playwright.chromium.launch(executable_path=find(BROWSERS), args=ARGUMENTS)

        @contextmanager
        def visitor(script: str) -> Iterator[tuple[Page, str]]:
            with running_app(Path(logs) / "log", ROOT / "models", script) as url:
                page = chromium.new_page(viewport=DESKTOP)
                page.set_default_timeout(60_000)
                yield page, url

        with visitor("bench/peers/bare.py") as (page, url):
            page.goto(url)
            floor = _median(page, lambda data: str(len(data)), lambda size: page.get_by_text(size, exact=True).wait_for())
        with visitor("streamlit_app.py") as (page, url):
            sent = _traffic(page)
            with _timed() as cold:
                page.goto(url)
                page.locator(".bar").first.wait_for()
            page.wait_for_timeout(SETTLED)
            cold_bytes, cold_requests = sum(sent), len(sent)
            answers = _median(page, lambda data: _last_of_journey(read(data)), _has(page, ".strip .tile"))
            switched = _samples(page, _last_of_journey, _has(page, ".strip .tile"))
            with _timed() as opened:
                page.get_by_role("link", name="Layers").click()
                page.locator(".grid .tile").last.wait_for()
            maps = _median(page, lambda data: _first_of_layer(read(data)), _has(page, ".grid .tile"))
            switched_maps = _samples(page, _first_of_layer, _has(page, ".grid .tile"))
            page.keyboard.press("Escape")
            switched_layer = median(_switch(page, number) for number in (7, 2, 5))
            glance = page.locator(".net").evaluate(HOVER, SECONDS)
            page.get_by_role("link", name="One number").click()
            unit = page.locator("canvas.map").evaluate(HOVER, SECONDS)
    return [
        took("cold browser to prediction and bars", cold.milliseconds),
        Row(what="cold page, without a proxy that compresses", value=round(cold_bytes / 2**20, 2), unit="MiB"),
        Row(what="cold page", value=cold_requests, unit="requests"),
        took("upload to prediction, bars and journey", answers, ratio(answers, floor, "a bare Streamlit page saying the size")),
        took("upload to every map of layer 1", maps, ratio(maps, floor, "the same")),
        took("first page to every map of layer 1", opened.milliseconds),
        took("one layer's maps to another's", switched_layer),
        took("another sample to its prediction, bars and journey", switched, "aim: at most 500 ms"),
        took("another sample to every map of layer 1", switched_maps, "aim: at most 500 ms"),
        Row(what="hovering in the network at a glance", value=round(glance, 1), unit="frames/s", against="aim: 60"),
        Row(what="hovering over a map, its sum drawn in each frame", value=round(unit, 1), unit="frames/s", against="aim: 60"),
    ]


def _traffic(page: Page) -> list[float]:
    """Fills with the bytes of each response, as they come over the wire; what the websocket carries is not counted."""
    sizes: list[float] = []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    return sizes


def _last_of_journey(photo: Photo) -> str:
    """What the last map of the first page says of this photo: it is drawn after everything else."""
    last = sum(bool(layer.map_stages) for layer in load(ROOT / "models/photo").layers)
    return f"convolution {last}: {_strongest(photo, last)}"


def _first_of_layer(photo: Photo) -> str:
    """What the first map of the other page says of this photo."""
    return _strongest(photo, 1).replace(",", ":", 1)


def _strongest(photo: Photo, number: int) -> str:
    network = load(ROOT / "models/photo")
    trace = network.trace(prepare(photo, centre_crop(photo), network.card.preprocessing))
    maps = trace.values(network.layers[number - 1].map_stages[1])
    channel = int(strongest_first(maps)[0])
    return f"channel {channel}, {map_text(maps[channel])}"


def _switch(page: Page, number: int) -> float:
    with _timed() as switch:
        page.get_by_test_id("stButtonGroup").get_by_text(f"conv {number}", exact=True).click()
        page.locator(f'[aria-label="Activation maps of Convolution {number}, ReLU"] .tile').last.wait_for()
    return switch.milliseconds


def _samples(page: Page, expected: Callable[[Photo], str], shown: Callable[[str], None]) -> float:
    """Median milliseconds from the click on a sample to what is expected of it."""
    all_taken = []
    for sample in PHOTOS:
        button, words = page.get_by_test_id("stButtonGroup").get_by_text(sample.name, exact=True), expected(sample.open())
        _reach(page, button)
        with _timed() as taken:
            button.click()
            shown(words)
        all_taken.append(taken.milliseconds)
    return median(all_taken)


def _has(page: Page, tiles: str) -> Callable[[str], None]:
    """Waits until one of the tiles has this label: asked in every frame, where `expect` would let up to a second pass."""
    return lambda label: page.locator(f'{tiles}[aria-label="{label}"]').wait_for()


def _median(page: Page, expected: Callable[[bytes], str], shown: Callable[[str], None]) -> float:
    """Median milliseconds from the choice of a file to what is expected of it."""
    all_taken = []
    for data in map(_photo, range(UPLOADS)):
        file: FilePayload = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": data}
        words = expected(data)
        _reach(page, page.locator(UPLOADER))
        with _timed() as taken:
            page.locator(UPLOADER).set_input_files(file)
            shown(words)
        all_taken.append(taken.milliseconds)
    return median(all_taken)


def _reach(page: Page, control: Locator) -> None:
    """Opens the menu of photos that holds it, which closes with each choice, where the page does not show it."""
    page.wait_for_timeout(SETTLED)
    if not control.count():
        page.get_by_text("Change photo").click()
        control.wait_for(state="attached")


@dataclass
class Taken:
    milliseconds: float = 0.0


@contextmanager
def _timed() -> Iterator[Taken]:
    """What is done inside; how long it took is known afterwards."""
    taken, started = Taken(), time.perf_counter()
    yield taken
    taken.milliseconds = (time.perf_counter() - started) * 1000


def _photo(seed: int) -> bytes:
    small = np.random.default_rng(seed).integers(0, 255, (30, 40, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(small).resize((1600 + seed, 1200), Image.Resampling.BICUBIC).save(file, "JPEG", quality=90)
    return file.getvalue()
