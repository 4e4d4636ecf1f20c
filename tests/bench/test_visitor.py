"""The visitor without a browser, against real servers. What it reports of the app is held to the engine."""

from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

import pytest
from PIL import Image
from streamlit.proto.Element_pb2 import Element

from bench.photos import photo, renumbered
from bench.serving import Server, streamlit
from bench.visitor import View, VisitError, Visitor
from convoscope.photo import read
from convoscope.prepare import centre_crop, prepare
from tests import shipped
from tests.waiting import waited_for
from ui import uploads

TOO_MUCH = 21 * 2**20  # bytes, above server.maxUploadSize


@pytest.fixture(scope="module")
def app() -> Iterator[Server]:
    with streamlit("streamlit_app.py") as server:
        yield server


def engines_answer(data: bytes) -> str:
    picture = read(data)
    given = prepare(picture, centre_crop(picture), shipped.network("photo").card.preprocessing)
    return shipped.network("photo").predict(given).best.name


def script(folder: Path, text: str) -> str:
    path = folder / "app.py"
    path.write_text(f"import streamlit as st\n{text}\n")
    return str(path)


def test_what_it_sees_of_an_upload_is_what_the_engine_says(app: Server) -> None:
    async def stay() -> tuple[View, View, View]:
        async with Visitor(app.url) as visitor:
            return await visitor.open(), await visitor.upload(photo(1)), await visitor.upload(renumbered(photo(2), 7))

    sample, first, second = waited_for(stay())
    assert shipped.best() in sample.text()
    assert f"**{engines_answer(photo(1))}**" in first.text()
    assert f"**{engines_answer(photo(2))}**" in second.text()
    assert first.bytes_in > sum(map(len, first.component("convoscope.maps"))) > 10_000
    assert first.component("convoscope.crop") != second.component("convoscope.crop")
    assert 0 < second.seconds < 60


def test_large_messages_that_did_not_change_are_not_sent_again(app: Server) -> None:
    async def stay() -> tuple[View, View]:
        async with Visitor(app.url) as visitor:
            return await visitor.open(), await visitor.press("Camera")

    opened, pressed = waited_for(stay())
    assert pressed.of_kind("camera_input")
    assert pressed.component("convoscope.maps") == opened.component("convoscope.maps")
    assert pressed.bytes_in < opened.bytes_in / 2


def test_links_and_other_pages(app: Server) -> None:
    async def stay() -> View:
        async with Visitor(app.url) as visitor:
            return await visitor.open("layers", "photo=cat")

    view = waited_for(stay())
    assert "What does each layer see?" in view.text()
    assert f"The cat: **{shipped.best(name='cat')}**" in view.text()


def test_what_goes_wrong_is_raised(app: Server) -> None:
    async def stay() -> None:
        async with Visitor(app.url) as visitor:
            await visitor.open()
            with pytest.raises(VisitError, match="no button “Fly”"):
                await visitor.press("Fly")
            with pytest.raises(VisitError, match="413"):
                await visitor.upload(bytes(TOO_MUCH))
            with pytest.raises(VisitError, match="404"):
                await visitor.fetch(View((*visitor.view.elements, picture_element("/media/gone.png")), 0, 0))

    waited_for(stay())


def picture_element(url: str) -> Element:
    element = Element()
    element.imgs.imgs.add().url = url
    return element


def test_a_page_that_raises_and_a_server_that_goes(tmp_path: Path) -> None:
    async def stay(server: Server, running: ExitStack) -> None:
        async with Visitor(server.url) as visitor:
            await visitor.open()
            with pytest.raises(VisitError, match="exception"):
                await visitor.press("Break")
            running.close()
            with pytest.raises(VisitError, match="dropped"):
                await visitor.press("Break")

    with ExitStack() as running:
        server = running.enter_context(streamlit(script(tmp_path, 'if st.button("Break"):\n    st.exception(ValueError("no"))')))
        waited_for(stay(server, running))


def test_pictures_are_fetched_and_counted(tmp_path: Path) -> None:
    async def stay(server: Server) -> int:
        async with Visitor(server.url) as visitor:
            return await visitor.fetch(await visitor.open())

    file = tmp_path / "picture.jpg"
    Image.new("RGB", (30, 20), "red").save(file)
    with streamlit(script(tmp_path, f"st.image({str(file)!r})")) as server:
        assert waited_for(stay(server)) == file.stat().st_size


def test_files_that_no_page_reads_are_bounded(app: Server) -> None:
    """One waits per session; beyond the room for all, newcomers are refused. What a page can read of a photo still comes in."""
    body = bytes(19 * 2**20)
    full = uploads.ROOM // len(body)

    async def stay() -> tuple[list[int], list[int], View]:
        async with AsyncExitStack() as crowd:
            visitors = [await crowd.enter_async_context(Visitor(app.url)) for _ in range(full + 1)]
            for visitor in visitors:
                await visitor.open()
            alone = [await visitors[0].hoard(body, f"made-up-{number}") for number in range(full + 2)]
            together = [await visitor.hoard(body, "made-up") for visitor in visitors]
            return alone, together, await visitors[-1].upload(photo(3))

    alone, together, view = waited_for(stay())
    assert set(alone) == {204}
    assert together == [204] * full + [503]
    assert f"**{engines_answer(photo(3))}**" in view.text()
