"""What one visitor does has to reach one replica, whatever becomes of the others."""

import asyncio
from contextlib import AsyncExitStack

import aiohttp
from yarl import URL

from bench.site import PLACES, Caller, Site, proxy
from bench.visitor import VisitError
from tests.deploy.visitors import look_around, show
from tests.waiting import waited_for

VISITORS = range(10)


async def ten_visits(url: str) -> list[BaseException | None]:
    async def visit(seed: int) -> None:
        async with Caller(url, f"192.0.2.{seed}") as visitor:
            await look_around(visitor, seed)

    return await asyncio.gather(*map(visit, VISITORS), return_exceptions=True)


def test_ten_visitors_at_once_upload_and_get_their_pictures(site: Site):
    assert waited_for(ten_visits(site.url)) == [None] * 10


def test_the_same_visitors_fail_when_nothing_keeps_them_with_their_replica(site: Site, tmp_path):
    with proxy(site, tmp_path, network="10.0.0.") as round_robin:
        failures = [failure for failure in waited_for(ten_visits(round_robin.url)) if failure]
    assert failures
    assert all(isinstance(failure, VisitError) for failure in failures)


def test_each_replica_may_stop_and_come_back(site: Site):
    """Visitors of a replica that stops reload and go on with another, and stay there when it is back."""

    async def visits() -> None:
        async with AsyncExitStack() as stack:
            visitors = [await stack.enter_async_context(Caller(site.url, f"192.0.2.{10 + each}")) for each in VISITORS]
            await asyncio.gather(*(look_around(visitor, seed) for seed, visitor in enumerate(visitors)))
            for place in PLACES:
                site.stop(place)
                await asyncio.gather(*(look_around(visitor, seed) for seed, visitor in enumerate(visitors)))
                site.start(place)
                await asyncio.gather(*(show(visitor, 20 + seed) for seed, visitor in enumerate(visitors)))

    waited_for(visits())


def test_a_new_replica_gets_visitors_without_a_reload(site: Site):
    site.start("4")

    async def place() -> str:
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True), headers={"X-Forwarded-For": "192.0.2.30"}) as http,
            http.ws_connect(f"{site.url}/_stcore/stream") as _,
        ):
            return http.cookie_jar.filter_cookies(URL(site.url))["replica"].value

    async def until_the_new_one() -> str:
        for _ in range(60):
            if (found := await place()) == "4":
                return found
            await asyncio.sleep(0.5)
        raise AssertionError("nobody got to the new replica in 30 seconds")

    try:
        assert waited_for(until_the_new_one()) == "4"
    finally:
        site.known.remove("127.0.0.4")
        site.stop("4")
