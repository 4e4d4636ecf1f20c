"""Debian's nginx with the configuration in `deploy/` in front of real replicas, each at a loopback address of its own."""

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
from typing import Self
from urllib.error import URLError
from urllib.request import urlopen

from bench import names
from bench.serving import FRUGAL, ROOT, Server, free_port
from bench.visitor import Visitor

DEPLOY = ROOT / "deploy"
NETWORK = "127.0.0."
PLACES = ("2", "3")  # of the first replicas in that network
MISSING = "This needs nginx: apt-get install nginx"


@dataclass
class Site:
    """Replicas that share a port, and the proxy before them.

    front: the proxy. known: the addresses that the name server gives out. running, processes: of the replicas, by place.
    """

    folder: Path
    port: int
    front: Server = field(init=False)
    known: list[str] = field(default_factory=list)
    running: dict[str, ExitStack] = field(default_factory=dict)
    processes: dict[str, int] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.front.url

    @property
    def server(self) -> Server:
        """All of it, as one."""
        return Server(self.url, (*self.front.processes, *self.processes.values()))

    def direct(self, place: str) -> str:
        return f"http://{NETWORK}{place}:{self.port}"

    def start(self, place: str) -> None:
        self.running[place] = ExitStack()
        self.processes[place] = self.running[place].enter_context(replica(self, place))
        if NETWORK + place not in self.known:
            self.known.append(NETWORK + place)

    def stop_all(self) -> None:
        for place in list(self.running):
            self.stop(place)

    def stop(self, place: str) -> None:
        """The replica is killed; its name goes on being given out, as in the seconds after a crash."""
        self.running.pop(place).close()


@contextmanager
def site(folder: Path) -> Iterator[Site]:
    """Replicas at `PLACES`, and the proxy. folder: for logs and what nginx writes."""
    made = Site(folder, free_port())
    with ExitStack() as stack:
        stack.callback(made.stop_all)
        for place in PLACES:
            made.start(place)
        made.front = stack.enter_context(proxy(made, folder))
        yield made


@contextmanager
def replica(site: Site, place: str) -> Iterator[int]:
    """Its process."""
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.headless=true"]
    command += [f"--server.port={site.port}", f"--server.address={NETWORK}{place}"]
    environment = {**os.environ, **FRUGAL, "STREAMLIT_SERVER_COOKIE_SECRET": "the same for all replicas"}
    log = site.folder / f"replica-{place}.log"
    with running(command, log, environment, signal.SIGKILL) as process:
        wait_for(f"{site.direct(place)}/_stcore/health", process, log)
        yield process.pid
    assert "Traceback" not in log.read_text()


@contextmanager
def proxy(site: Site, folder: Path, network: str = NETWORK) -> Iterator[Server]:
    """network: how the replicas' addresses are said to begin; if they do not, no visitor stays with one."""
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
            yield Server(f"http://{listen}", (process.pid,))


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


class Caller(Visitor):
    """A visitor whose address is what a trusted proxy says it is."""

    def __init__(self, url: str, address: str) -> None:
        super().__init__(url)
        self._address = address

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self._http.headers["X-Forwarded-For"] = self._address
        return self

    @property
    def headers(self) -> dict[str, str]:
        """What its browser would add to a request that uploads a file."""
        cookies = "; ".join(f"{cookie.key}={cookie.value}" for cookie in self._http.cookie_jar)
        return {"X-Forwarded-For": self._address, "Cookie": cookies, "X-Xsrftoken": self._xsrf}
