"""What one file costs to read, in a process of its own: `python -m tests.cost SMALL FILE`; the small one warms up the decoder."""

import json
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from convoscope.photo import PhotoError, read

ROOT = Path(__file__).parent.parent
TICK = 0.002  # seconds


@dataclass(frozen=True)
class Cost:
    """mebibytes: by how much the peak of the process grew. stall: the longest that another thread was kept waiting.

    refusal: the sentence, if the file was not shown.
    """

    milliseconds: float
    mebibytes: float
    stall_milliseconds: float
    refusal: str | None


def cost(small: bytes, data: bytes) -> Cost:
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, name) for name in ("small", "file")]
        for file, content in zip(files, (small, data), strict=True):
            file.write_bytes(content)
        command = [sys.executable, "-m", "tests.cost", *map(str, files)]
        done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    return Cost(**json.loads(done.stdout))


class _Ticker(threading.Thread):
    """Counts the time until it is stopped, and keeps the longest that it had to wait for its turn."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.stopped, self.longest = threading.Event(), 0.0

    def run(self) -> None:
        last = time.perf_counter()
        while not self.stopped.wait(TICK):
            now = time.perf_counter()
            last, self.longest = now, max(self.longest, now - last - TICK)


def _memory(of: str) -> float:
    """MiB, from the kernel: VmRSS now or VmHWM at most. `ru_maxrss` will not do: a process begins with its parent's."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(of))
    return int(line.split()[1]) / 1024


def measured(small: bytes, data: bytes) -> Cost:
    """Of this process; to be called once in its life."""
    read(small)
    ticker = _Ticker()
    ticker.start()
    before = _memory("VmHWM")
    started = time.perf_counter()
    refusal = None
    try:
        read(data)
    except PhotoError as sentence:
        refusal = str(sentence)
    taken = time.perf_counter() - started
    ticker.stopped.set()
    ticker.join()
    return Cost(taken * 1000, _memory("VmHWM") - before, ticker.longest * 1000, refusal)


if __name__ == "__main__":
    small, data = (Path(name).read_bytes() for name in sys.argv[1:])
    sys.stdout.write(json.dumps(asdict(measured(small, data))))
