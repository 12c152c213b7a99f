"""Tunnels through the user's own proxy."""

from __future__ import annotations

import asyncio
import base64
from contextlib import suppress

import pytest

from fakefal.proxy.parent_proxy import ParentProxy, parent_proxy_of
from fakefal.proxy.relay import TunnelEnd


class FakeProxy:
    """A proxy that responds to a CONNECT with fixed bytes, and records the request."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.heads: list[str] = []
        self.done = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
            writer.write(self.answer)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
            self.done.set()


async def dial(far: FakeProxy, authorization: str = "") -> TunnelEnd:
    server = await asyncio.start_server(far.serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        try:
            return await ParentProxy("127.0.0.1", port, authorization).dial("x.example", 443, 5)
        finally:
            await far.done.wait()


async def test_a_tunnel_goes_through_the_proxy() -> None:
    far = FakeProxy(b"HTTP/1.1 200 Connection established\r\n\r\n")
    side = await dial(far, "Basic abc")
    side.abort()
    assert far.heads == [
        "CONNECT x.example:443 HTTP/1.1\r\nHost: x.example:443\r\n"
        "Proxy-Authorization: Basic abc\r\n\r\n"
    ]


@pytest.mark.parametrize(
    ("answer", "message"),
    [(b"HTTP/1.1 407 Who are you\r\n\r\n", "answered: HTTP/1.1 407 Who are you"), (b"", "closed")],
)
async def test_the_reason_of_the_proxy_is_reported(answer: bytes, message: str) -> None:
    with pytest.raises(OSError, match=message):
        await dial(FakeProxy(answer))


async def test_hosts_in_no_proxy_are_dialled_directly() -> None:
    far = FakeProxy(b"")
    server = await asyncio.start_server(far.serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        side = await ParentProxy("127.0.0.1", 1, no_proxy="127.0.0.1").dial("127.0.0.1", port, 5)
        side.abort()
        await far.done.wait()


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, None),
        ({"HTTPS_PROXY": "http://proxy:3128"}, ParentProxy("proxy", 3128)),
        ({"https_proxy": "proxy:3128", "HTTPS_PROXY": "http://other"}, ParentProxy("proxy", 3128)),
        ({"HTTPS_PROXY": "socks5://proxy:1080"}, None),
        ({"HTTPS_PROXY": "http://proxy:nonsense"}, None),
        (
            {"HTTPS_PROXY": "http://p", "NO_PROXY": ".local"},
            ParentProxy("p", 80, no_proxy=".local"),
        ),
    ],
)
def test_it_is_read_from_the_environment(
    environment: dict[str, str], expected: ParentProxy | None
) -> None:
    assert parent_proxy_of(environment) == expected


def test_its_password_is_sent() -> None:
    proxy = parent_proxy_of({"HTTPS_PROXY": "http://me:p%40ss@proxy"})
    assert proxy is not None
    assert base64.b64decode(proxy.authorization.removeprefix("Basic ")) == b"me:p@ss"
