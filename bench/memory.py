"""Memory and processor time of a server with all processes it has started, from /proc."""

import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

EVERY = 0.05  # seconds between two looks at the peak
MIB = 2**20


@dataclass
class Peak:
    """mib: the most that was seen so far."""

    mib: float


def resident(processes: Iterable[int]) -> float:
    """MiB of processes and their descendants."""
    pages = sum(int(_proc(each, "statm", "0 0").split()[1]) for each in _families(processes))
    return pages * os.sysconf("SC_PAGE_SIZE") / MIB


def busy(processes: Iterable[int]) -> float:
    """Seconds of processor time that processes and their descendants have taken."""
    stats = (_proc(each, "stat", ") " + "0 " * 13).rpartition(") ")[2].split() for each in _families(processes))
    return sum(int(user) + int(system) for user, system in (stat[11:13] for stat in stats)) / os.sysconf("SC_CLK_TCK")


def _families(processes: Iterable[int]) -> list[int]:
    return [each for process in processes for each in _family(process)]


def _family(process: int) -> list[int]:
    tasks = Path(f"/proc/{process}/task")
    children = [child for task in tasks.glob("*") for child in _proc(process, f"task/{task.name}/children", "").split()]
    return [process, *(each for child in children for each in _family(int(child)))]


def _proc(process: int, file: str, gone: str) -> str:
    try:
        return Path(f"/proc/{process}/{file}").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return gone


@contextmanager
def watched(processes: Iterable[int]) -> Iterator[Peak]:
    """Looks at the memory again and again while the block runs."""
    peak, over = Peak(resident(processes)), threading.Event()

    def look() -> None:
        while not over.wait(EVERY):
            peak.mib = max(peak.mib, resident(processes))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()
