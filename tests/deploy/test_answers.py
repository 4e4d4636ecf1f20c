"""What the proxy lets through, and what it says with it."""

import gzip
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from bench.site import Site

CLOSED = (
    "/_stcore/metrics",
    "//_stcore/metrics",
    "/%5fstcore/metrics",
    "/layers/../_stcore/metrics",
    "/_stcore/script-health-check",
    "/_stcore/agent/openapi.json",
)


def ask(address: str, cookie: str = "") -> tuple[int, dict[str, str], bytes]:
    request = Request(address, headers={"Accept-Encoding": "gzip", "X-Forwarded-For": "203.0.113.1", "Cookie": cookie})
    try:
        with urlopen(request) as answer:
            return answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read()
    except HTTPError as failure:
        with failure:
            return failure.code, {name.lower(): value for name, value in failure.headers.items()}, failure.read()


def test_health_is_open(site: Site):
    status, _, body = ask(f"{site.url}/_stcore/health")
    assert (status, body) == (200, b"ok")


@pytest.mark.parametrize("path", CLOSED)
def test_metrics_and_what_else_nobody_needs_are_closed(site: Site, path: str):
    assert ask(site.url + path)[0] == 404


def test_the_replica_itself_would_have_told(site: Site):
    assert ask(f"{site.direct('2')}/_stcore/metrics")[0] == 200


@pytest.mark.parametrize("path", ["/", "/layers", "/_stcore/metrics"])
def test_documents_say_what_they_may_do(site: Site, path: str):
    _, headers, _ = ask(site.url + path)
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert "unsafe" not in policy["script-src"]
    assert policy["frame-ancestors"] == "'self'"
    assert "camera=(self)" in headers["permissions-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["server"] == "nginx"


def test_a_page_is_looked_up_again_and_a_hashed_file_kept_for_a_year(site: Site):
    _, page, body = ask(site.url)
    assert page["cache-control"] == "no-cache"
    script = body_of(page, body).split('src="./static/js/index.')[1].split('"')[0]
    _, headers, _ = ask(f"{site.url}/static/js/index.{script}")
    assert headers["cache-control"] == "public, immutable, max-age=31536000"
    assert headers["content-encoding"] == "gzip"
    assert "accept-encoding" in headers["vary"].lower()


@pytest.mark.parametrize("forged", ["other.example", "2@other.example", "2/../..", "2:80", "x" * 40])
def test_a_forged_cookie_leads_to_the_replicas(site: Site, forged: str):
    status, _, body = ask(f"{site.url}/media/none", f"replica={forged}")
    assert (status, body) == (404, b"File not found")


def test_where_no_replica_answers_the_visitor_is_told(site: Site):
    addresses = list(site.known)
    for place in list(site.running):
        site.stop(place)
    try:
        status, _, body = ask(site.url)
        assert status == 503
        assert b"Reload this page in a few seconds." in body
    finally:
        for address in addresses:
            site.start(address.rsplit(".", 1)[1])


def body_of(headers: dict[str, str], body: bytes) -> str:
    return (gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body).decode()
