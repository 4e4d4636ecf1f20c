"""Many visitors at once, against peers and a floor in the same run: `python -m bench.load`.

Each visitor opens the page and uploads one photo after another, no two alike, fetching what the page shows of each. Visitors
and server share the machine. Memory is that of the whole server, in MiB: when a first visitor has come and gone, at its
highest, and when all have left and one more has come and gone.
"""

import argparse
import asyncio
import itertools
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Self

import aiohttp

from bench import results
from bench.gradio_visitor import GradioVisitor
from bench.memory import busy, resident, watched
from bench.photos import photo, renumbered
from bench.serving import Server, gradio, streamlit
from bench.site import Caller, site
from bench.visitor import VisitError, Visitor
from convoscope.benchmark import Row

CROWDS = (1, 10, 50)
ROUNDS = 3  # of the largest crowd, ours and the first peer by turns: what is compared is an average over the minutes
PICTURES = 24  # different ones; each upload has bytes of its own
LEAVING = 60  # seconds from then on until memory is looked at; who left may still come back
MANY = 1000  # uploads in a row by one visitor
WARM = 50  # of them, before growth is counted
BODY = bytes(19 * 2**20)  # a hoarded file, just below what the server takes
HOARDERS, HOARDED = 8, 12  # sessions, and files that each sends


class StreamlitTab(Visitor):
    """Shows a photo as a person sees it: from the choice of the file to the last picture fetched."""

    async def show(self, data: bytes) -> None:
        await self.fetch(await self.upload(data))


class ReplicaTab(Caller, StreamlitTab):
    """Each from an address of its own: the proxy limits what one may do, and the few would soon meet that limit."""

    addresses = itertools.cycle(f"198.51.100.{number}" for number in range(1, 255))

    def __init__(self, url: str) -> None:
        super().__init__(url, next(self.addresses))


@contextmanager
def replicas() -> Iterator[Server]:
    with tempfile.TemporaryDirectory() as folder, site(Path(folder)) as deployed:
        yield deployed.server


@dataclass(frozen=True)
class App:
    """fewest: visitors at once that it is shown to. compared: it has several rounds with the largest crowd."""

    name: str
    serve: Callable[[], AbstractContextManager[Server]]
    tab: Callable[[str], StreamlitTab | GradioVisitor]
    fewest: int = 1
    compared: bool = False


APPS = (
    App("Convoscope", lambda: streamlit("streamlit_app.py"), StreamlitTab, compared=True),
    App("Gradio, the same network", lambda: gradio("bench/peers/gradio_app.py"), GradioVisitor, compared=True),
    App("plain Streamlit, the same network", lambda: streamlit("bench/peers/plain.py"), StreamlitTab),
    App("Convoscope, two replicas behind nginx", replicas, ReplicaTab, fewest=50),
    App("floor: Streamlit saying the size", lambda: streamlit("bench/peers/bare.py"), StreamlitTab),
)


@dataclass
class Tally:
    """seconds: of each upload that was shown. wall: from the first to the last. busy: processor time of the server."""

    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    wall: float = 0
    busy: float = 0

    def __add__(self, other: Self) -> Self:
        return type(self)(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))

    @property
    def rate(self) -> float:
        return len(self.seconds) / self.wall

    def quantile(self, share: int) -> float:
        return statistics.quantiles(self.seconds, n=100)[share - 1] if len(self.seconds) > 1 else float("nan")


@dataclass(frozen=True)
class Crowd:
    """What so many visitors at once saw of an app. idle, peak, after: memory in MiB."""

    app: App
    visitors: int
    tally: Tally
    idle: float
    peak: float
    after: float

    def __add__(self, other: Self) -> Self:
        """Of two rounds. Memory: what was highest."""
        memory = (max(getattr(self, each), getattr(other, each)) for each in ("idle", "peak", "after"))
        return type(self)(self.app, self.visitors, self.tally + other.tally, *memory)

    def row(self, ours: Tally | None) -> Row:
        """ours: of our app with as many visitors."""
        tally = self.tally
        told = (
            f"p50 {tally.quantile(50):.2f} s, p95 {tally.quantile(95):.2f} s, {len(tally.errors)} errors, "
            f"{tally.busy / len(tally.seconds) * 1000:.0f} ms of processor each, "
            f"memory {self.idle:.0f}, at most {self.peak:.0f}, then {self.after:.0f} MiB"
        )
        if ours and ours is not tally:
            told += f"; ours are {ours.rate / tally.rate:.2f} × as many"
        if tally.errors:
            told += f" ({tally.errors[0].partition(':')[0]})"
        visitors = "1 visitor" if self.visitors == 1 else f"{self.visitors} visitors"
        return Row(what=f"{self.app.name}, {visitors}", value=round(tally.rate, 2), unit="uploads/s", against=told)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__)
    parser.add_argument("--seconds", type=float, default=30, help="that a crowd keeps on uploading; default 30")
    parser.add_argument("--app", help="only apps whose name holds this; nothing is written down then")
    parser.add_argument("--crowd", type=int, action="append", help=f"visitors at once; default {CROWDS}")
    options = parser.parse_args()
    chosen = [app for app in APPS if not options.app or options.app in app.name]
    rows = asyncio.run(_measure(chosen, options.crowd or CROWDS, options.seconds))
    if chosen == list(APPS):
        results.write("load", "Many visitors at once", "make bench-load", rows)


async def _measure(apps: Sequence[App], crowds: Sequence[int], seconds: float) -> list[Row]:
    """Crowds of one size follow each other, so that what is compared is close in time; servers that rest do so meanwhile."""
    photos, turn = _photos(), asyncio.Lock()
    rounds = [
        _crowd(app, visitors, seconds, photos, turn)
        for visitors in crowds
        for number in range(ROUNDS if visitors == max(CROWDS) else 1)
        for app in apps
        if visitors >= app.fewest and (number == 0 or app.compared)
    ]
    found: dict[tuple[int, str], Crowd] = {}
    for crowd in await asyncio.gather(*rounds):
        place = crowd.visitors, crowd.app.name
        found[place] = found[place] + crowd if place in found else crowd
    ours = {visitors: crowd.tally for (visitors, name), crowd in found.items() if name == APPS[0].name}
    rows = [_tell(crowd.row(ours.get(crowd.visitors))) for crowd in found.values()]
    for app in apps:
        if app.tab is StreamlitTab:
            rows += map(_tell, await _hoarding(app))
    if APPS[0] in apps:
        rows.append(_tell(await _many(APPS[0], photos)))
    return rows


def _tell(row: Row) -> Row:
    print(row.what, row.text, row.against, sep="\n    ", flush=True)
    return row


async def _crowd(app: App, visitors: int, seconds: float, photos: Iterator[bytes], turn: asyncio.Lock) -> Crowd:
    with ExitStack() as serving:
        async with turn:
            server = serving.enter_context(app.serve())
            await _one_comes_and_goes(app, server)
            idle = resident(server.processes)
            with watched(server.processes) as peak:
                tally = await _uploads(app, server, visitors, seconds, photos)
        print(f"{app.name}, {visitors}: {tally.rate:.1f} uploads/s", flush=True)
        await asyncio.sleep(LEAVING)
        await _one_comes_and_goes(app, server)
        return Crowd(app, visitors, tally, idle, peak.mib, resident(server.processes))


async def _one_comes_and_goes(app: App, server: Server) -> None:
    async with app.tab(server.url) as tab:
        await tab.open()
    await asyncio.sleep(1)


async def _uploads(app: App, server: Server, visitors: int, seconds: float, photos: Iterator[bytes]) -> Tally:
    tally, everybody_is_in = Tally(), asyncio.Barrier(visitors)
    started = busy_before = 0.0

    async def stay() -> None:
        nonlocal started, busy_before
        async with app.tab(server.url) as tab:
            await tab.open()
            await everybody_is_in.wait()
            started, busy_before = started or time.perf_counter(), busy_before or busy(server.processes)
            while time.perf_counter() < started + seconds:
                data, chosen = next(photos), time.perf_counter()
                try:
                    await tab.show(data)
                except (VisitError, aiohttp.ClientError, TimeoutError) as failure:
                    tally.errors.append(f"{type(failure).__name__}: {failure}"[:200])
                    continue
                tally.seconds.append(time.perf_counter() - chosen)

    await asyncio.gather(*(stay() for _ in range(visitors)))
    tally.wall, tally.busy = time.perf_counter() - started, busy(server.processes) - busy_before
    return tally


async def _many(app: App, photos: Iterator[bytes]) -> Row:
    """One visitor who does not stop."""
    with app.serve() as server:
        async with app.tab(server.url) as tab:
            await tab.open()
            for _ in range(WARM):
                await tab.show(next(photos))
            warm = resident(server.processes)
            for _ in range(MANY - WARM):
                await tab.show(next(photos))
            grown = resident(server.processes) - warm
    return Row(
        what=f"{app.name}, {MANY} uploads in a row by one visitor",
        value=round(grown),
        unit="MiB",
        against=f"grown after the first {WARM} (aim: at most 50)",
    )


async def _hoarding(app: App) -> list[Row]:
    """Sessions that send files under ids of their own making, one after another, all sessions at once."""
    with app.serve() as server:
        await _one_comes_and_goes(app, server)
        idle = resident(server.processes)

        async def hoard() -> list[int]:
            async with Visitor(server.url) as tab:
                await tab.open()
                return [await tab.hoard(BODY, f"mine-{number}") for number in range(HOARDED)]

        with watched(server.processes) as peak:
            one = await hoard()
        with watched(server.processes) as highest:
            taken = sum([each.count(204) for each in await asyncio.gather(*(hoard() for _ in range(HOARDERS)))])
        size = f"files of {len(BODY) >> 20} MiB that no page asked for"
        return [
            Row(
                what=f"{app.name}, one session sends {HOARDED} {size}",
                value=round(peak.mib),
                unit="MiB",
                against=f"at most, from {idle:.0f}; {one.count(204)} are taken",
            ),
            Row(
                what=f"{app.name}, {HOARDERS} sessions send {HOARDED * HOARDERS} {size}",
                value=round(highest.mib),
                unit="MiB",
                against=f"at most; {taken} are taken",
            ),
        ]


def _photos() -> Iterator[bytes]:
    pictures = [photo(seed) for seed in range(PICTURES)]
    return (renumbered(pictures[number % PICTURES], number) for number in itertools.count())


if __name__ == "__main__":
    main()
