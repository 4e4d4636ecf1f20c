"""A visitor of the Gradio peer: the requests that a browser makes there from the choice of a file to its label."""

import asyncio
import io
import json
from types import TracebackType
from typing import Self
from uuid import uuid4

import aiohttp

from bench.visitor import PATIENCE, VisitError


class GradioVisitor:
    """One tab of an app whose one event takes a picture, to be used as `async with`. Raises VisitError."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = uuid4().hex[:10]

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE))
        return self

    async def __aexit__(self, _type: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None) -> None:
        await self._http.close()

    async def open(self) -> None:
        await self._get(f"{self.url}/")

    async def show(self, data: bytes) -> None:
        """Uploads a photo; fetches it back, as the page does to show it, while the answer is awaited."""
        form = aiohttp.FormData()
        form.add_field("files", io.BytesIO(data), filename="photo.jpg", content_type="image/jpeg")
        async with self._http.post(f"{self.url}/gradio_api/upload?upload_id={uuid4().hex[:10]}", data=form) as answer:
            if answer.status != 200:
                raise VisitError(f"The upload answered {answer.status}.")
            (path,) = await answer.json()
        address = f"{self.url}/gradio_api/file={path}"
        _, label = await asyncio.gather(self._get(address), self._label(path, address))
        if not label:
            raise VisitError("There was no label.")

    async def _label(self, path: str, address: str) -> str:
        file = {"path": path, "url": address, "meta": {"_type": "gradio.FileData"}}
        event = {"data": [file], "fn_index": 0, "session_hash": self._session}
        async with self._http.post(f"{self.url}/gradio_api/queue/join", json=event) as answer:
            if answer.status != 200:
                raise VisitError(f"The queue answered {answer.status}: {(await answer.text())[:200]}")
        async with self._http.get(f"{self.url}/gradio_api/queue/data?session_hash={self._session}") as answer:
            async for line in answer.content:
                told = json.loads(line.removeprefix(b"data: ")) if line.startswith(b"data: ") else {}
                if told.get("msg") == "process_completed":
                    if not told["success"]:
                        raise VisitError(f"The event failed: {told['output']}")
                    return str(told["output"]["data"][0]["label"])
        raise VisitError("The stream ended without an answer.")

    async def _get(self, address: str) -> bytes:
        async with self._http.get(address) as answer:
            if answer.status != 200:
                raise VisitError(f"{address} answered {answer.status}.")
            return await answer.read()
