import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

from tests.conftest import PATIENCE

ROOT = Path(__file__).parent.parent.parent
DESKTOP: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
# on a page's first load Streamlit asks below the page's own path before it asks at the root
STREAMLITS_OWN_404 = re.compile(r"/(layers|unit|why|learning|report|steps)/_stcore/(health|host-config)")


@contextmanager
def running_app(log: Path, models: Path, script: str = "streamlit_app.py") -> Iterator[str]:
    """The app on a port of its own; afterwards its log must be free of tracebacks."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
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


@pytest.fixture
def page(browser: Browser, server: str) -> Iterator[Page]:
    with open_page(browser, server, DESKTOP) as page:
        yield page


@pytest.fixture
def phone(browser: Browser, server: str) -> Iterator[Page]:
    with open_page(browser, server, PHONE) as page:
        yield page


@contextmanager
def open_page(browser: Browser, url: str, size: ViewportSize, scheme: str = "light") -> Iterator[Page]:
    """A fresh visitor. Afterwards: no script error, no failed request, none to another host."""
    context = browser.new_context(viewport=size, color_scheme=scheme, base_url=url)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    trouble: list[str] = []
    page.on("pageerror", lambda error: trouble.append(f"script error: {error}"))
    page.on("response", lambda answer: trouble.extend(_failure(answer.status, answer.url)))
    page.on("request", lambda request: trouble.extend(_foreign(request.url, url)))
    yield page
    context.close()
    assert trouble == []


def _failure(status: int, url: str) -> list[str]:
    return [f"{status} {url}"] if status >= 400 and not STREAMLITS_OWN_404.fullmatch(urlsplit(url).path) else []


def _foreign(url: str, own: str) -> list[str]:
    return [] if url.startswith((own, own.replace("http", "ws"), "data:", "blob:")) else [f"request to {url}"]


def _wait(health: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        assert process.poll() is None, "the server stopped"
        try:
            with urlopen(health):
                return
        except URLError:
            time.sleep(0.1)
    raise AssertionError("the server did not answer in 30 seconds")
