"""Many visitors at once."""

import re

from bench.visitor import Visitor
from tests.browser.reading import photo_file


async def look_around(visitor: Visitor, seed: int) -> None:
    """Opens a page with pictures, gives it a photo and fetches what it then shows. Raises VisitError for any failure."""
    await visitor.open("layers")
    await show(visitor, seed)


async def show(visitor: Visitor, seed: int) -> None:
    view = await visitor.upload(photo_file(seed))
    assert re.search("Your photo( [0-9]+)?: ", view.text())
    assert await visitor.fetch(view) > 0
