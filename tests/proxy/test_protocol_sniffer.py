"""Protocol detection. Whole connections on both loops are in tests/server."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from fakefal.ca.authority import Authority
from fakefal.proxy.client_hello import ClientHello
from fakefal.proxy.protocol_sniffer import SniffingProtocol, start_tls
from fakefal.server.tasks import Tasks
from tests.callers import wait_until, within_limit


class Greeter(asyncio.Protocol):
    """Sends back what it received."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(b"heard " + data)  # type: ignore[attr-defined] # it can write


@asynccontextmanager
async def opened() -> AsyncIterator[tuple[SniffingProtocol, int]]:
    """The sniffer of the next connection to a port."""
    opening = SniffingProtocol()
    server = await asyncio.get_running_loop().create_server(lambda: opening, "127.0.0.1", 0)
    async with server:
        yield opening, server.sockets[0].getsockname()[1]
        if opening.transport is not None:
            opening.transport.abort()


async def test_the_first_bytes_go_to_the_next_protocol() -> None:
    async with opened() as (opening, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET")
        assert await within_limit(opening.read_hello()) == ClientHello(False)
        assert opening.transport is not None
        opening.hand_over(opening.transport, Greeter())
        assert await within_limit(reader.read(100)) == b"heard GET"
        writer.close()


async def test_a_lost_connection_has_no_hello() -> None:
    async with opened() as (opening, port):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        waiting = asyncio.ensure_future(opening.read_hello())
        writer.write(b"\x16\x03")
        await wait_until(lambda: opening.buffered)
        writer.close()
        assert await within_limit(waiting) is None


async def test_reading_pauses_above_a_limit() -> None:
    async with opened() as (opening, port):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"\x16\x03\x01\x40\x00" + b"\x01\x00\xff\x00" + b"x" * 20_000_000)
        await within_limit(opening.read_hello())
        assert opening.transport is not None
        assert not opening.transport.is_reading()
        assert len(opening.buffered) < 1_000_000
        writer.transport.abort()


async def test_a_handshake_starts_with_the_bytes_read_before(tmp_path: Path) -> None:
    authority, tasks = Authority(tmp_path), Tasks()
    trusting = ssl.create_default_context(cafile=authority.path)
    async with opened() as (opening, port):
        calling = asyncio.ensure_future(
            asyncio.open_connection("127.0.0.1", port, ssl=trusting, server_hostname="fal.run")
        )
        assert await within_limit(opening.read_hello()) == ClientHello(True, "fal.run")
        context = authority.context_for_host("fal.run")
        secured, inside = await within_limit(start_tls(opening, context, 5, tasks.start))
        inside.hand_over(secured, Greeter())
        reader, writer = await within_limit(calling)
        writer.write(b"x")
        assert await within_limit(reader.read(100)) == b"heard x"
        writer.close()


async def test_a_handshake_that_fails_is_an_os_error(tmp_path: Path) -> None:
    context = Authority(tmp_path).context_for_host("fal.run")
    for nonsense, seconds in ((b"\x16nonsense nonsense", 5.0), (b"\x16\x03\x01\x02", 0.05)):
        async with opened() as (opening, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(nonsense)
            while not opening.buffered:  # noqa: ASYNC110 (nobody tells what has come)
                await asyncio.sleep(0)
            with pytest.raises(OSError):  # noqa: PT011 (ssl has many words for it)
                await within_limit(start_tls(opening, context, seconds, Tasks().start))
            assert (await within_limit(reader.read())) in (b"", b"\x15\x03\x01\x00\x02\x02\x46")
            writer.close()
