"""The server from its start on, and its memory with visitors who stay, without a browser."""

import asyncio
import time
from contextlib import AsyncExitStack

from bench.memory import resident
from bench.photos import photo
from bench.serving import Server, streamlit
from bench.timing import took
from bench.visitor import Visitor
from convoscope.benchmark import Row

STAYING = 10


def rows() -> list[Row]:
    started = time.perf_counter()
    with streamlit("streamlit_app.py") as server:
        asyncio.run(_one_looks(server))
        cold = (time.perf_counter() - started) * 1000
        idle = resident(server.processes)
        busy = asyncio.run(_several_stay(server))
    return [
        took("`streamlit run` to the first prediction", cold),
        Row(what="memory of the server after its first visitor", value=round(idle), unit="MiB"),
        Row(what=f"memory with {STAYING} visitors who have each uploaded a photo", value=round(busy), unit="MiB"),
    ]


async def _one_looks(server: Server) -> None:
    async with Visitor(server.url) as visitor:
        await visitor.open()


async def _several_stay(server: Server) -> float:
    async with AsyncExitStack() as stack:
        visitors = [await stack.enter_async_context(Visitor(server.url)) for _ in range(STAYING)]
        for number, visitor in enumerate(visitors):
            await visitor.open()
            await visitor.fetch(await visitor.upload(photo(number)))
        return resident(server.processes)
