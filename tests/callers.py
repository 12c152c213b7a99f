"""HTTP callers for tests: one that gives answers as bytes, one that writes the bytes itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp
from multidict import CIMultiDictProxy
from yarl import URL

from fakefal.server.server import FakeFalServer

Result = TypeVar("Result")

KEY = "id:secret"
QUEUE = "queue.fal.run"
RUN = "fal.run"


@dataclass(frozen=True)
class ClientResponse:
    """An answer: status, headers, and the body as it came."""

    status: int
    reason: str
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Caller:
    """Asks a fake over HTTP under the names of fal hosts."""

    def __init__(self, session: aiohttp.ClientSession, server: FakeFalServer) -> None:
        self.session = session
        self.server = server

    def open_request(
        self,
        method: str,
        path: str,
        *,
        host: str | None = QUEUE,
        key: str | None = KEY,
        headers: dict[str, str] | None = None,
        **options: Any,
    ) -> Any:
        """The request, to be entered with ``async with``; ``host`` None leaves the own address."""
        all_headers = {} if host is None else {"Host": host}
        if key is not None:
            all_headers["Authorization"] = f"Key {key}"
        url = URL(f"{self.server.url}{path}", encoded=True)
        return self.session.request(
            method, url, headers={**all_headers, **(headers or {})}, **options
        )

    async def request(self, method: str, path: str, **options: Any) -> ClientResponse:
        """Ask, and hear the whole answer."""
        async with self.open_request(method, path, **options) as response:
            body = await response.read()
            return ClientResponse(response.status, response.reason or "", response.headers, body)

    async def submit(self, endpoint: str = "fal-ai/any-llm", **options: Any) -> str:
        """Submit a call to the queue; its request id."""
        options.setdefault("json", {"prompt": "hi"})
        response = await self.request("POST", f"/{endpoint}", **options)
        assert response.status == 200, response.body
        return str(response.json["request_id"])

    async def run(self, endpoint: str = "fal-ai/any-llm", **options: Any) -> ClientResponse:
        """Run a call directly."""
        options.setdefault("json", {"prompt": "hi"})
        return await self.request("POST", f"/{endpoint}", host=RUN, **options)


@asynccontextmanager
async def running_caller(*scenarios: Any, **settings: Any) -> AsyncIterator[Caller]:
    """A fake on a free port and a caller of it; the clock is manual unless said otherwise."""
    settings.setdefault("clock", "manual")
    async with (
        FakeFalServer(*scenarios, **settings) as server,
        aiohttp.ClientSession(auto_decompress=False) as session,
    ):
        yield Caller(session, server)


async def within_limit(awaited: Awaitable[Result]) -> Result:
    """What is awaited, if it comes before a person would lose patience."""
    return await asyncio.wait_for(awaited, 5)


async def wait_until(is_true: Callable[[], object]) -> None:
    """Let the server work until something is true."""

    async def wait() -> None:
        while not is_true():  # noqa: ASYNC110 (nobody tells how far the server is)
            await asyncio.sleep(0)

    await within_limit(wait())


async def send_bytes(server: FakeFalServer, data: bytes) -> bytes:
    """Write bytes to a fake, and read what comes until it closes the connection."""
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(data)
    received = await reader.read()
    writer.close()
    await writer.wait_closed()
    return received
