"""A server process on a port of its own, for as long as a block runs."""

import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).parent.parent
START = 60  # seconds a server may take to answer
PORTS = range(12_000, 30_000)
FRUGAL = {"MALLOC_ARENA_MAX": "2"}  # as `make run` and the container have it
PEERS_PYTHON = os.environ.get("BENCH_PYTHON", ".venv-peers/bin/python")


@dataclass(frozen=True)
class Server:
    """processes: those that were started for it; what they start themselves is theirs."""

    url: str
    processes: tuple[int, ...]


@contextmanager
def streamlit(script: str) -> Iterator[Server]:
    """`streamlit run` as the README has it."""
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", script, "--server.headless=true"]
    with _running([*command, f"--server.port={port}", "--server.address=127.0.0.1"], port, "/_stcore/health") as server:
        yield server


@contextmanager
def gradio(script: str) -> Iterator[Server]:
    port = free_port()
    with tempfile.TemporaryDirectory() as uploads:
        settings = {"GRADIO_SERVER_PORT": str(port), "GRADIO_TEMP_DIR": uploads, "GRADIO_ANALYTICS_ENABLED": "False"}
        with _running([PEERS_PYTHON, script], port, "/", settings) as server:
            yield server


@contextmanager
def _running(command: Sequence[str], port: int, ready: str, settings: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Afterwards its log must be free of tracebacks."""
    with tempfile.TemporaryFile("w+") as log:
        environment = {**os.environ, **FRUGAL, **(settings or {})}
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait(f"http://127.0.0.1:{port}{ready}", process)
            yield Server(f"http://127.0.0.1:{port}", (process.pid,))
        finally:
            process.terminate()
            process.wait(30)
            log.seek(0)
            told = log.read()
        if "Traceback" in told:
            raise RuntimeError(f"{' '.join(command)} logged an error:\n{told[-3000:]}")


def _wait(address: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the server stopped with {process.returncode}")
        try:
            with urlopen(address):
                return
        except URLError:
            time.sleep(0.1)
    raise RuntimeError(f"the server did not answer in {START} seconds")


def free_port() -> int:
    """A port that is free at every address, below those that the system gives to connections: nobody takes it meanwhile."""
    while True:
        port = secrets.choice(PORTS)
        with socket.socket() as tried, suppress(OSError):
            tried.bind(("", port))
            return port
