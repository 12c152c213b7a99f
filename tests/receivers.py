"""Webhook receivers, written with PyNaCl from fal's documentation only.

They import nothing from fakefal, so they accept what an application built from the docs accepts.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import aiohttp
from aiohttp import web
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

AnyReceiver = TypeVar("AnyReceiver", bound="WebhookReceiver")

ChooseStatus = Callable[[int], int]
"""Chooses the response status from the number of previous webhooks."""


def verify(keys: list[dict[str, str]], headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Verify a webhook as fal's docs describe it (Webhooks, "Verifying Your Webhook")."""
    try:
        request_id = headers["X-Fal-Webhook-Request-Id"]
        user_id = headers["X-Fal-Webhook-User-Id"]
        timestamp = headers["X-Fal-Webhook-Timestamp"]
        signature = bytes.fromhex(headers["X-Fal-Webhook-Signature"])
    except (KeyError, ValueError):
        return False
    if abs(now - int(timestamp)) > 300:
        return False
    lines = [request_id, user_id, timestamp, hashlib.sha256(body).hexdigest()]
    message = "\n".join(lines).encode("utf-8")
    for key in keys:
        try:
            public = base64.urlsafe_b64decode(key["x"] + "=" * (-len(key["x"]) % 4))
            VerifyKey(public).verify(message, signature)
        except BadSignatureError:
            continue
        return True
    return False


class WebhookReceiver:
    """An aiohttp application that receives webhooks at ``url``; it can be stopped and restarted."""

    def __init__(self, choose_status: ChooseStatus = lambda _: 200) -> None:
        self.choose_status = choose_status
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.accepted: list[str] = []
        self.port = 0
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def ids(self) -> list[str]:
        """The received request ids, oldest first."""
        return [json.loads(body)["request_id"] for _, body in self.received]

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/hook", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        self._runner = None

    async def respond(self, status: int, body: bytes) -> web.StreamResponse:
        """The response to a webhook; subclasses may override it."""
        return web.Response(status=status, text=f"status {status}")

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        status = self.choose_status(len(self.received))
        self.received.append((dict(request.headers), body))
        if 200 <= status < 300:
            self.accepted.append(json.loads(body)["request_id"])
        return await self.respond(status, body)

    async def __aenter__(self: AnyReceiver) -> AnyReceiver:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


@asynccontextmanager
async def raw_receiver(respond: Callable[[Any, Any], Any]) -> AsyncIterator[str]:
    """A receiver that reads a request, and then calls ``respond(reader, writer)``."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        try:
            await respond(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    finally:
        server.close()


async def fetch_keys(url: str) -> list[dict[str, str]]:
    """Fetch the keys of a JWKS as a receiver does, without an API key."""
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        keys: list[dict[str, str]] = (await response.json())["keys"]
        return keys
