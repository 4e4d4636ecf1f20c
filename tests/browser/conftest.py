import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, Error, Page, Request, Response, ViewportSize

from bench.serving import free_port
from tests.conftest import PATIENCE

ROOT = Path(__file__).parent.parent.parent
Scheme = Literal["light", "dark"]
DESKTOP: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
# on a page's first load Streamlit asks below the page's own path before it asks at the root
STREAMLITS_OWN_404 = re.compile(r"/(layers|unit|why|learning|report|steps)/_stcore/(health|host-config)")


@contextmanager
def running_app(log: Path, models: Path, script: str = "streamlit_app.py") -> Iterator[str]:
    """The app on a port of its own; afterwards its log must be free of tracebacks."""
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", script, "--server.headless=true"]
    command += [f"--server.port={port}", "--server.address=127.0.0.1", "--server.fileWatcherType=none"]
    environment = {**os.environ, "CONVOSCOPE_MODELS": str(models)}
    with log.open("wb") as sink:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=sink, stderr=subprocess.STDOUT)
        try:
            _wait(f"http://127.0.0.1:{port}/_stcore/health", process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(10)
    assert "Traceback" not in log.read_text()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_app(tmp_path_factory.mktemp("server") / "log", ROOT / "models") as url:
        yield url


@dataclass
class Tabs:
    """Tabs of the browser that tests use one after the other.

    In a tab used before, a page takes a third of the processor time to load: its scripts are compiled already. To the app
    each load is a visitor of its own; what a test left behind in the browser is cleared.
    """

    browser: Browser
    url: str
    idle: dict[tuple[int, str], list[Page]] = field(default_factory=dict)  # by width and scheme

    @contextmanager
    def open(self, size: ViewportSize, scheme: Scheme = "light") -> Iterator[Page]:
        """Afterwards: no script error, no failed request, none to another host."""
        idle = self.idle.setdefault((size["width"], scheme), [])
        page = idle.pop() if idle else new_page(self.browser, self.url, size, scheme)
        with no_trouble(page, self.url):
            yield page
            if page.url.startswith(self.url):
                page.evaluate("localStorage.clear(), sessionStorage.clear()")
            page.context.clear_permissions()
            page.emulate_media(color_scheme=scheme)
            page.mouse.move(0, 0)
            page.goto("about:blank")
        idle.append(page)


@pytest.fixture(scope="session")
def tabs(browser: Browser, server: str) -> Tabs:
    return Tabs(browser, server)


@pytest.fixture
def page(tabs: Tabs) -> Iterator[Page]:
    with tabs.open(DESKTOP) as page:
        yield page


@pytest.fixture
def phone(tabs: Tabs) -> Iterator[Page]:
    with tabs.open(PHONE) as page:
        yield page


@contextmanager
def open_page(browser: Browser, url: str, size: ViewportSize) -> Iterator[Page]:
    """A visitor with a browser of their own, who loads all there is to load. Afterwards: no trouble, as above."""
    page = new_page(browser, url, size)
    with no_trouble(page, url):
        yield page
        page.context.close()


def new_page(browser: Browser, url: str, size: ViewportSize, scheme: Scheme = "light") -> Page:
    context = browser.new_context(viewport=size, color_scheme=scheme, base_url=url)
    context.set_default_timeout(PATIENCE)
    return context.new_page()


@contextmanager
def no_trouble(page: Page, url: str) -> Iterator[None]:
    trouble: list[str] = []

    def error(problem: Error) -> None:
        trouble.append(f"script error: {problem}")

    def response(answer: Response) -> None:
        trouble.extend(_failure(answer.status, answer.url))

    def request(asked: Request) -> None:
        trouble.extend(_foreign(asked.url, url))

    page.on("pageerror", error)
    page.on("response", response)
    page.on("request", request)
    yield
    page.remove_listener("pageerror", error)
    page.remove_listener("response", response)
    page.remove_listener("request", request)
    assert trouble == []


def _failure(status: int, url: str) -> list[str]:
    return [f"{status} {url}"] if status >= 400 and not STREAMLITS_OWN_404.fullmatch(urlsplit(url).path) else []


def _foreign(url: str, own: str) -> list[str]:
    return [] if url.startswith((own, own.replace("http", "ws"), "data:", "blob:", "about:")) else [f"request to {url}"]


def _wait(health: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        assert process.poll() is None, "the server stopped"
        try:
            with urlopen(health):
                return
        except URLError:
            time.sleep(0.1)
    raise AssertionError("the server did not answer in 30 seconds")
