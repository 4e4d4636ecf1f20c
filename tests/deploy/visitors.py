"""Many visitors at once, each from an address of their choice."""

from typing import Self

from bench.visitor import Visitor
from tests.browser.reading import photo_file


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


async def look_around(visitor: Visitor, seed: int) -> None:
    """Opens a page with pictures, gives it a photo and fetches what it then shows. Raises VisitError for any failure."""
    await visitor.open("layers")
    await show(visitor, seed)


async def show(visitor: Visitor, seed: int) -> None:
    view = await visitor.upload(photo_file(seed))
    assert "Your photo: " in view.text()
    assert await visitor.fetch(view) > 0
