from __future__ import annotations

import asyncio
import socket

import pytest

from fakefal.proxy.resets import reset


async def test_the_peer_sees_a_reset() -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        reset(writer.transport)  # type: ignore[arg-type] # a stream's transport can write

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"x")
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()


async def test_resetting_a_closed_connection_does_nothing() -> None:
    near, far = socket.socketpair()
    far.close()
    transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=near)
    transport.abort()
    await asyncio.sleep(0)
    reset(transport)
