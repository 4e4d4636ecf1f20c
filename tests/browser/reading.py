"""What a browser shows, and what the engine says it should show."""

import io
import re
from urllib.parse import parse_qs, urlsplit

import numpy as np
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from convoscope.network import Network, Trace
from convoscope.photo import Photo, read
from convoscope.prepare import centre_crop, prepare
from tests import shipped

UPLOADER = '[data-testid="stFileUploaderDropzoneInput"]'


def photo_file(seed: int = 0, size: tuple[int, int] = (300, 200)) -> bytes:
    """A JPEG of blurred colours. size: width and height."""
    small = np.random.default_rng(seed).integers(0, 255, (6, 9, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(small).resize(size, Image.Resampling.BICUBIC).save(file, "JPEG", quality=95)
    return file.getvalue()


def visit(page: Page, path: str) -> None:
    """Opens it and waits until all of it is there: until then a component may be mounted anew, and lose what it was told."""
    page.goto(path)
    done = '[data-testid="stApp"][data-test-script-state="notRunning"] [data-testid="stMain"] [data-testid="stElementContainer"]'
    expect(page.locator(done).first).to_be_attached()


def upload(page: Page, data: bytes, name: str = "mine.jpg") -> None:
    expect(page.locator(UPLOADER)).to_have_count(1)  # the one before it has gone
    page.locator(UPLOADER).set_input_files({"name": name, "mimeType": "image/jpeg", "buffer": data})


def give(page: Page, event: str, data: bytes) -> None:
    """Pastes or drops a file on the page, away from the uploader. event: 'paste' or 'drop'."""
    page.evaluate(
        """([event, bytes]) => {
            const carrier = new DataTransfer();
            carrier.items.add(new File([new Uint8Array(bytes)], "given.jpg", { type: "image/jpeg" }));
            const init = { bubbles: true, cancelable: true, clipboardData: carrier, dataTransfer: carrier };
            document.body.dispatchEvent(event === "paste" ? new ClipboardEvent("paste", init) : new DragEvent("drop", init));
        }""",
        [event, list(data)],
    )


def traced(model: str, photo: Photo) -> tuple[Network, Trace]:
    network = shipped.network(model)
    return network, network.trace(prepare(photo, centre_crop(photo), network.card.preprocessing))


def traced_file(model: str, data: bytes) -> tuple[Network, Trace]:
    return traced(model, read(data))


def query(page: Page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def expect_query(page: Page, **wanted: str) -> None:
    """Waits until the URL holds these parameters."""
    for name, value in wanted.items():
        expect(page).to_have_url(re.compile(rf"[?&]{name}={re.escape(value)}(&|$)"))


def expect_own_photo(page: Page) -> None:
    expect(page).to_have_url(re.compile(r"[?&]photo=own-[0-9a-f]{8}(&|$)"))


def tiles(page: Page, layout: str = "grid") -> Locator:
    return page.locator(f".root.{layout} .tile")


def colour_in(tile: Locator, x: float, y: float) -> list[int]:
    """The drawn colour in a tile, x and y as shares of its square."""
    return tile.evaluate(
        """(tile, [x, y]) => {
            const canvas = tile.parentElement.querySelector("canvas");
            const scale = canvas.width / canvas.clientWidth, side = tile.offsetWidth;
            const at = [(tile.offsetLeft + x * side) * scale, (tile.offsetTop + y * side) * scale];
            return [...canvas.getContext("2d").getImageData(Math.floor(at[0]), Math.floor(at[1]), 1, 1).data].slice(0, 3);
        }""",
        [x, y],
    )
