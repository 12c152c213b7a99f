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

from fakefal.server.server import FakeFal

Result = TypeVar("Result")

KEY = "id:secret"
QUEUE = "queue.fal.run"
RUN = "fal.run"


@dataclass(frozen=True)
class Heard:
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

    def __init__(self, session: aiohttp.ClientSession, fake: FakeFal) -> None:
        self.session = session
        self.fake = fake

    def asking(
        self,
        method: str,
        path: str,
        *,
        host: str | None = QUEUE,
        key: str | None = KEY,
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> Any:
        """The request, to be entered with ``async with``; ``host`` None leaves the own address."""
        given = {} if host is None else {"Host": host}
        if key is not None:
            given["Authorization"] = f"Key {key}"
        url = URL(f"{self.fake.url}{path}", encoded=True)
        return self.session.request(method, url, headers={**given, **(headers or {})}, **more)

    async def ask(self, method: str, path: str, **more: Any) -> Heard:
        """Ask, and hear the whole answer."""
        async with self.asking(method, path, **more) as response:
            body = await response.read()
            return Heard(response.status, response.reason or "", response.headers, body)

    async def submit(self, endpoint: str = "fal-ai/any-llm", **more: Any) -> str:
        """Submit a call to the queue; its request id."""
        more.setdefault("json", {"prompt": "hi"})
        heard = await self.ask("POST", f"/{endpoint}", **more)
        assert heard.status == 200, heard.body
        return str(heard.json["request_id"])

    async def run(self, endpoint: str = "fal-ai/any-llm", **more: Any) -> Heard:
        """Run a call directly."""
        more.setdefault("json", {"prompt": "hi"})
        return await self.ask("POST", f"/{endpoint}", host=RUN, **more)


@asynccontextmanager
async def calling(*scenarios: Any, **settings: Any) -> AsyncIterator[Caller]:
    """A fake on a free port and a caller of it; the clock is manual unless said otherwise."""
    settings.setdefault("clock", "manual")
    async with (
        FakeFal(*scenarios, **settings) as fake,
        aiohttp.ClientSession(auto_decompress=False) as session,
    ):
        yield Caller(session, fake)


async def soon(awaited: Awaitable[Result]) -> Result:
    """What is awaited, if it comes before a person would lose patience."""
    return await asyncio.wait_for(awaited, 5)


async def until(is_true: Callable[[], object]) -> None:
    """Let the server work until something is true."""

    async def wait() -> None:
        while not is_true():  # noqa: ASYNC110 (nobody tells how far the server is)
            await asyncio.sleep(0)

    await soon(wait())


async def speak(fake: FakeFal, data: bytes) -> bytes:
    """Write bytes to a fake, and read what comes until it closes the connection."""
    reader, writer = await asyncio.open_connection(fake.host, fake.port)
    writer.write(data)
    heard = await reader.read()
    writer.close()
    await writer.wait_closed()
    return heard
