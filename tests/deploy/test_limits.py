"""What one address may do: a class of thirty behind it goes unhindered, a hoarder does not."""

import asyncio
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import urlsplit

from bench.site import Caller, Site
from tests.deploy.visitors import look_around, show
from tests.waiting import waited_for

CLASS = 30
FIRST_LOAD = 90  # requests for pages and files that a browser makes at its first visit
NOWHERE = "/_stcore/upload_file/session/file"
TOO_MUCH = "Too much came from your address in a short time. Wait a minute, then try again.\n"


def ask(url: str, method: str, headers: dict[str, str], body: bytes | Iterable[bytes] = b"") -> tuple[int, str]:
    """Status and text of the answer to one request on a connection of its own. A body in pieces has no stated length."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=60)
    try:
        connection.request(method, parts.path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    finally:
        connection.close()


def form(data: bytes) -> bytes:
    head = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
    return head + data + b"\r\n--edge--\r\n"


def test_a_hoarder_is_held_and_ten_other_visitors_are_not(site: Site):
    body = form(bytes(19 * 1024 * 1024))

    async def at_once() -> list[int]:
        async with Caller(site.url, "198.51.100.1") as hoarder:
            await hoarder.open()
            address = f"{site.url}/_stcore/upload_file/{hoarder.session_id}/"
            headers = {**hoarder.headers, "Content-Type": "multipart/form-data; boundary=edge"}

            def hoard() -> list[int]:
                return [ask(f"{address}{number}", "PUT", headers, body)[0] for number in range(24)]

            async def visit(seed: int) -> None:
                async with Caller(site.url, f"198.51.100.{10 + seed}") as visitor:
                    await look_around(visitor, seed)

            found, *_ = await asyncio.gather(asyncio.to_thread(hoard), *map(visit, range(10)))
            return found

    found = waited_for(at_once())
    assert set(found[:12]) == {204}
    assert found.count(429) >= 8


def test_one_visitor_may_upload_ten_photos_in_a_row(site: Site):
    async def ten() -> None:
        async with Caller(site.url, "198.51.100.30") as visitor:
            await visitor.open("layers")
            for seed in range(10):
                await show(visitor, seed)

    waited_for(ten())


def test_a_class_behind_one_address_may_start_all_at_once(site: Site):
    async def everybody() -> None:
        async def pupil(seed: int) -> None:
            async with Caller(site.url, "198.51.100.40") as visitor:
                await look_around(visitor, seed)

        def files() -> set[int]:
            headers = {"X-Forwarded-For": "198.51.100.40"}
            return {ask(f"{site.url}/favicon.png", "GET", headers)[0] for _ in range(CLASS * FIRST_LOAD)}

        found, *_ = await asyncio.gather(asyncio.to_thread(files), *map(pupil, range(CLASS)))
        assert found == {200}

    waited_for(everybody())


def test_a_flood_of_small_uploads_is_held(site: Site):
    found = [ask(site.url + NOWHERE, "PUT", {"X-Forwarded-For": "198.51.100.50"}, b"small") for _ in range(80)]
    assert found.count((429, TOO_MUCH)) >= 30


def test_a_flood_of_requests_is_held(site: Site):
    def many(_number: int) -> set[int]:
        """Over one connection: the flood must be quicker than its limit, however busy the machine."""
        connection = HTTPConnection(urlsplit(site.url).netloc, timeout=60)
        with closing(connection):
            return {status(connection) for _ in range(750)}

    def status(connection: HTTPConnection) -> int:
        connection.request("GET", "/_stcore/health", headers={"X-Forwarded-For": "198.51.100.51"})
        with connection.getresponse() as answer:
            answer.read()
            return answer.status

    with ThreadPoolExecutor(8) as threads:
        assert 429 in set().union(*threads.map(many, range(8)))


def test_a_body_of_unknown_length_counts_as_large(site: Site):
    headers = {"X-Forwarded-For": "198.51.100.60"}
    found = [ask(site.url + NOWHERE, "PUT", headers, iter([b"small"]))[0] for _ in range(20)]
    assert found.count(429) >= 6


def test_a_file_larger_than_the_apps_limit_is_refused_with_a_sentence(site: Site):
    found = ask(site.url + NOWHERE, "PUT", {"X-Forwarded-For": "198.51.100.70"}, bytes(21_000_000))
    assert found == (413, "This file is larger than 20 MB. Choose a smaller one.\n")


def test_nothing_but_an_upload_may_have_a_body(site: Site):
    assert ask(f"{site.url}/layers", "POST", {"X-Forwarded-For": "198.51.100.71"}, bytes(2000))[0] == 413
