"""One visitor without a browser: Streamlit's own protocol, spoken with Streamlit's own messages.

Does on the wire what a browser tab does: page, health check, cookies, websocket with its tokens, one rerun per act, the
cache of large messages, upload by form. Does not run JavaScript and does not fetch the frontend's static files. Of widgets
it sends the state of those it has touched.
"""

import asyncio
import io
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import aiohttp
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Common_pb2 import FileUploaderState, FileURLs, FileURLsRequest, UploadedFileInfo
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

PATIENCE = 60  # seconds that any one answer may take
XSRF = "_streamlit_xsrf"
DONE = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)

Path = tuple[int, ...]  # an element's place in the page: the index in each container on the way to it


class VisitError(Exception):
    """What a visitor would have seen go wrong; its text says what."""


@dataclass(frozen=True)
class View:
    """What a tab shows after a run of the script.

    elements: in the order of the page. seconds: from the act to the end of the run. bytes_in: what came over the
    websocket for it.
    """

    elements: tuple[Element, ...]
    seconds: float
    bytes_in: int

    def of_kind(self, kind: str) -> tuple[Any, ...]:
        """The elements of one type, as its own message: 'button', 'file_uploader', 'alert' …"""
        return tuple(getattr(each, kind) for each in self.elements if each.WhichOneof("type") == kind)

    def text(self) -> str:
        """All headings, paragraphs, captions and alerts, one to a line, as Markdown."""
        shown = (getattr(each, str(each.WhichOneof("type")), None) for each in self.elements)
        return "\n".join(body for body in (getattr(each, "body", "") for each in shown) if body)

    def component(self, name: str) -> tuple[bytes | str, ...]:
        """What each component (v2) of this name was given: bytes, or JSON."""
        found = (each for each in self.of_kind("bidi_component") if each.component_name == name)
        return tuple(getattr(each, each.WhichOneof("data") or "json") for each in found)

    @property
    def pictures(self) -> tuple[str, ...]:
        """The addresses of the pictures that a browser would fetch."""
        return tuple(picture.url for each in self.of_kind("imgs") for picture in each.imgs)


class Visitor:
    """One tab, to be used as `async with Visitor(url) as visitor`. Raises VisitError where a person would see a failure."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self.session_id = ""
        self.view = View((), 0, 0)
        self._query, self._page, self._page_hash = "", "", ""
        self._widgets: dict[str, WidgetState] = {}
        self._uploaded: dict[str, FileURLs] = {}  # by widget
        self._shown: dict[Path, tuple[Element, str]] = {}  # with the run that drew it
        self._cache: dict[str, tuple[bytes, int]] = {}  # large messages by hash, with the run that used them last
        self._runs, self._cache_age = 0, 0

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(
            cookie_jar=aiohttp.CookieJar(unsafe=True, quote_cookie=False),  # on addresses too; tokens hold a |
            timeout=aiohttp.ClientTimeout(total=PATIENCE),
            headers={"Origin": self.url},
        )
        return self

    async def __aexit__(self, _type: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None) -> None:
        await self._http.close()

    async def open(self, page: str = "", query: str = "") -> View:
        """Loads a page ('' is the first) with the parameters of a link, and waits until its script has run."""
        started = time.perf_counter()
        for path in (f"/{page}", "/_stcore/health", "/_stcore/host-config"):
            await self._get(path)
        self._page, self._query, self._page_hash = page, query, ""
        tokens = ("streamlit", self._xsrf or "PLACEHOLDER_AUTH_TOKEN")
        try:
            self._socket = await self._http.ws_connect(f"{self.url}/_stcore/stream", protocols=tokens, max_msg_size=0)
        except aiohttp.ClientError as failure:
            raise VisitError(f"The websocket was refused: {failure}") from failure
        return await self._run(started)

    async def upload(self, data: bytes, name: str = "photo.jpg") -> View:
        """Puts a file into the page's first uploader; as in a browser, a file that is still in it is removed."""
        started = time.perf_counter()
        uploaders = self.view.of_kind("file_uploader")
        if not uploaders:
            raise VisitError("The page has no uploader.")
        widget = uploaders[0].id
        if widget in self._uploaded:
            await self._send_file("DELETE", self._uploaded.pop(widget).delete_url, None)
        urls = await self._urls_for(name)
        form = aiohttp.FormData()
        form.add_field(name, io.BytesIO(data), filename=name, content_type="image/jpeg")
        await self._send_file("PUT", urls.upload_url, form)
        self._uploaded[widget] = urls
        info = UploadedFileInfo(file_id=urls.file_id, name=name, size=len(data), file_urls=urls)
        self._widgets[widget] = WidgetState(id=widget, file_uploader_state_value=FileUploaderState(uploaded_file_info=[info]))
        return await self._run(started)

    async def press(self, label: str) -> View:
        """Presses the button with this label."""
        started = time.perf_counter()
        return await self._run(started, self._pressed(label))

    async def tap(self, label: str) -> None:
        """Presses a button and does not wait for what comes of it."""
        await self._ask(self._pressed(label))

    async def fetch(self, view: View) -> int:
        """Fetches every picture of the view; returns their bytes."""
        return sum([len(await self._get(address)) for address in view.pictures])

    async def hoard(self, data: bytes, file_id: str) -> int:
        """Sends a file under an id of the visitor's own making, for no widget; returns the HTTP status."""
        form = aiohttp.FormData()
        form.add_field("file", io.BytesIO(data), filename="a.jpg")
        address = f"{self.url}/_stcore/upload_file/{self.session_id}/{file_id}"
        async with self._http.put(address, data=form, headers={"X-Xsrftoken": self._xsrf}) as answer:
            return answer.status

    @property
    def _xsrf(self) -> str:
        return next((cookie.value for cookie in self._http.cookie_jar if cookie.key == XSRF), "")

    async def _get(self, address: str) -> bytes:
        async with self._http.get(address if address.startswith("http") else self.url + address) as answer:
            body = await answer.read()
            if answer.status != 200:
                raise VisitError(f"{address} answered {answer.status}.")
            return body

    async def _send_file(self, method: str, address: str, form: aiohttp.FormData | None) -> None:
        headers = {"X-Xsrftoken": self._xsrf}
        async with self._http.request(method, self.url + address, data=form, headers=headers) as answer:
            if answer.status != 204:
                raise VisitError(f"{method} of a file answered {answer.status}: {(await answer.text())[:200]}")

    async def _urls_for(self, name: str) -> FileURLs:
        asked = FileURLsRequest(request_id=str(uuid4()), file_names=[name], session_id=self.session_id)
        await self._socket.send_bytes(BackMsg(file_urls_request=asked).SerializeToString())
        while True:
            message, _ = await self._receive()
            response = message.file_urls_response
            if response.response_id == asked.request_id:
                if response.error_msg:
                    raise VisitError(f"No address for an upload: {response.error_msg}")
                urls: FileURLs = response.file_urls[0]
                return urls

    def _pressed(self, label: str) -> WidgetState:
        button = next((each for each in self.view.of_kind("button") if each.label == label), None)
        if button is None:
            raise VisitError(f"The page has no button “{label}”.")
        return WidgetState(id=button.id, trigger_value=True)

    async def _ask(self, trigger: WidgetState | None) -> None:
        asked = BackMsg()
        state = asked.rerun_script
        state.query_string, state.page_script_hash = self._query, self._page_hash
        state.page_name = "" if self._page_hash else self._page
        state.widget_states.widgets.extend([*self._widgets.values(), *([trigger] if trigger else [])])
        state.cached_message_hashes.extend(self._cache)
        await self._socket.send_bytes(asked.SerializeToString())

    async def _run(self, started: float, trigger: WidgetState | None = None) -> View:
        """Asks for a run of the script and takes in what it draws, until it is done."""
        await self._ask(trigger)
        bytes_in, run = 0, ""
        while True:
            message, size = await self._receive()
            bytes_in += size
            match message.WhichOneof("type"):
                case "new_session":
                    run = self._begin(message)
                case "delta":
                    self._draw(message, run)
                case "navigation":
                    self._page_hash = message.navigation.page_script_hash
                case "page_info_changed":
                    self._query = message.page_info_changed.query_string
                case "page_not_found":
                    raise VisitError(f"There is no page {self._page}.")
                case "script_finished" if run and message.script_finished in DONE:
                    return self._finish(run, time.perf_counter() - started, bytes_in)
                case "script_finished" if message.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
                    raise VisitError("The page's script does not compile.")

    async def _receive(self) -> tuple[ForwardMsg, int]:
        """The next message, what it refers to put in its place, and its size on the wire."""
        try:
            frame = await asyncio.wait_for(self._socket.receive(), PATIENCE)
        except TimeoutError as failure:
            raise VisitError(f"The server said nothing for {PATIENCE} seconds.") from failure
        if frame.type != aiohttp.WSMsgType.BINARY:
            raise VisitError(f"The websocket was dropped ({frame.type.name}, {frame.data}).")
        message = ForwardMsg.FromString(frame.data)
        if message.WhichOneof("type") == "ref_hash":
            known, _ = self._cache[message.ref_hash]
            self._cache[message.ref_hash] = known, self._runs
            whole = ForwardMsg.FromString(known)
            whole.metadata.CopyFrom(message.metadata)
            message = whole
        elif message.metadata.cacheable:
            self._cache[message.hash] = frame.data, self._runs
        return message, len(frame.data)

    def _begin(self, message: ForwardMsg) -> str:
        new = message.new_session
        self.session_id = new.initialize.session_id
        self._page_hash, self._cache_age = new.page_script_hash, new.config.max_cached_message_age
        return str(message.metadata.run.script_run_id)

    def _draw(self, message: ForwardMsg, run: str) -> None:
        place = tuple(message.metadata.delta_path)
        if message.delta.WhichOneof("type") == "new_element":
            self._shown[place] = message.delta.new_element, run
        else:
            self._shown.pop(place, None)

    def _finish(self, run: str, seconds: float, bytes_in: int) -> View:
        """As the frontend does: what this run did not draw goes, with the state of widgets that are gone."""
        self._shown = {place: (element, drawn) for place, (element, drawn) in self._shown.items() if drawn == run}
        self._runs += 1
        self._cache = {key: (kept, used) for key, (kept, used) in self._cache.items() if self._runs - used <= self._cache_age}
        elements = tuple(element for _, (element, _) in sorted(self._shown.items(), key=lambda each: each[0]))
        self.view = View(elements, seconds, bytes_in)
        present = {each.id for each in self.view.of_kind("file_uploader")}
        self._widgets = {key: state for key, state in self._widgets.items() if key in present}
        self._uploaded = {key: urls for key, urls in self._uploaded.items() if key in present}
        for shown in self.view.of_kind("exception"):
            raise VisitError(f"The page shows an exception: {shown.type}: {shown.message}")
        return self.view
