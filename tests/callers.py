"""HTTP clients for tests: one with aiohttp, one that sends raw bytes."""

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
    """A response: status, headers, and the undecoded body."""

    status: int
    reason: str
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Caller:
    """Sends requests to a server under the names of fal hosts."""

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
        """Start a request: ``async with``. ``host`` None sends the server's own address."""
        all_headers = {} if host is None else {"Host": host}
        if key is not None:
            all_headers["Authorization"] = f"Key {key}"
        url = URL(f"{self.server.url}{path}", encoded=True)
        return self.session.request(
            method, url, headers={**all_headers, **(headers or {})}, **options
        )

    async def request(self, method: str, path: str, **options: Any) -> ClientResponse:
        """Send a request, and read the whole response."""
        async with self.open_request(method, path, **options) as response:
            body = await response.read()
            return ClientResponse(response.status, response.reason or "", response.headers, body)

    async def submit(self, endpoint: str = "fal-ai/any-llm", **options: Any) -> str:
        """Submit a call to the queue, and return its request id."""
        options.setdefault("json", {"prompt": "hi"})
        response = await self.request("POST", f"/{endpoint}", **options)
        assert response.status == 200, response.body
        return str(response.json["request_id"])

    async def run(self, endpoint: str = "fal-ai/any-llm", **options: Any) -> ClientResponse:
        """Send a direct run."""
        options.setdefault("json", {"prompt": "hi"})
        return await self.request("POST", f"/{endpoint}", host=RUN, **options)


@asynccontextmanager
async def running_caller(*scenarios: Any, **settings: Any) -> AsyncIterator[Caller]:
    """A server on a free port with a caller; the clock is manual by default."""
    settings.setdefault("clock", "manual")
    async with (
        FakeFalServer(*scenarios, **settings) as server,
        aiohttp.ClientSession(auto_decompress=False) as session,
    ):
        yield Caller(session, server)


async def within_limit(awaited: Awaitable[Result]) -> Result:
    """Await something for at most five seconds."""
    return await asyncio.wait_for(awaited, 5)


async def wait_until(is_true: Callable[[], object]) -> None:
    """Run the loop until a condition is true."""

    async def wait() -> None:
        while not is_true():  # noqa: ASYNC110 (there is no event to wait for)
            await asyncio.sleep(0)

    await within_limit(wait())


async def send_bytes(server: FakeFalServer, data: bytes) -> bytes:
    """Send bytes to a server, and read until it closes the connection."""
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(data)
    received = await reader.read()
    writer.close()
    await writer.wait_closed()
    return received
