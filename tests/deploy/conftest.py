"""Debian's nginx with the shipped configuration in front of real replicas, each at a loopback address of its own."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from bench.serving import free_port
from tests.deploy import names

ROOT = Path(__file__).parent.parent.parent
DEPLOY = ROOT / "deploy"
NETWORK = "127.0.0."
PLACES = ("2", "3")  # of the first replicas in that network
MISSING = "These tests need nginx: apt-get install nginx"


@dataclass
class Site:
    """Replicas that share a port, and the proxy before them. known: the addresses that the name server gives out."""

    folder: Path
    port: int
    url: str = ""
    known: list[str] = field(default_factory=list)
    running: dict[str, ExitStack] = field(default_factory=dict)  # replicas by place

    def direct(self, place: str) -> str:
        return f"http://{NETWORK}{place}:{self.port}"

    def start(self, place: str) -> None:
        self.running[place] = ExitStack()
        self.running[place].enter_context(replica(self, place))
        if NETWORK + place not in self.known:
            self.known.append(NETWORK + place)

    def stop(self, place: str) -> None:
        """The replica is killed; its name goes on being given out, as in the seconds after a crash."""
        self.running.pop(place).close()


@contextmanager
def replica(site: Site, place: str) -> Iterator[None]:
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.headless=true"]
    command += [f"--server.port={site.port}", f"--server.address={NETWORK}{place}"]
    environment = {**os.environ, "STREAMLIT_SERVER_COOKIE_SECRET": "the same for all replicas"}
    log = site.folder / f"replica-{place}.log"
    with running(command, log, environment, signal.SIGKILL) as process:
        wait_for(f"{site.direct(place)}/_stcore/health", process, log)
        yield
    assert "Traceback" not in log.read_text()


@contextmanager
def proxy(site: Site, folder: Path, network: str = NETWORK) -> Iterator[str]:
    """Its address. network: how the replicas' addresses are said to begin; if they do not, no visitor stays with one."""
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")
    assert nginx, MISSING
    listen = f"127.0.0.1:{free_port()}"
    with names.serving(site.known) as resolver:
        values = {
            "CONVOSCOPE_LISTEN": listen,
            "CONVOSCOPE_SCRATCH": str(folder),
            "CONVOSCOPE_RESOLVER": f"127.0.0.1:{resolver}",
            "CONVOSCOPE_REPLICAS": "replicas.test",
            "CONVOSCOPE_PORT": str(site.port),
            "CONVOSCOPE_NETWORK": network,
            "CONVOSCOPE_TRUSTED": "127.0.0.1",  # so that tests can come from any address
        }
        configuration, log = folder / "nginx.conf", folder / "nginx.log"
        configuration.write_text(filled_in((DEPLOY / "nginx.conf.template").read_text(), values))
        with running([nginx, "-c", str(configuration)], log, dict(os.environ)) as process:
            wait_for(f"http://{listen}/_stcore/health", process, log)
            yield f"http://{listen}"


def filled_in(template: str, values: dict[str, str]) -> str:
    """As the entry point of nginx's image does it; a name without a value is a KeyError."""
    return re.sub(r"\$\{(\w+)\}", lambda found: values[found[1]], template)


@contextmanager
def running(
    command: list[str], log: Path, environment: dict[str, str], end: signal.Signals = signal.SIGTERM
) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as sink:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=sink, stderr=subprocess.STDOUT)
        try:
            yield process
        finally:
            process.send_signal(end)
            process.wait(10)


def wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        assert process.poll() is None, log.read_text()
        try:
            with urlopen(address):
                return
        except URLError:
            time.sleep(0.1)
    raise AssertionError(f"{address} did not answer in 30 seconds: {log.read_text()}")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    site = Site(folder, free_port())
    with ExitStack() as stack:
        for place in PLACES:
            site.start(place)
        stack.callback(lambda: [site.stop(place) for place in list(site.running)])
        site.url = stack.enter_context(proxy(site, folder))
        yield site
