"""A client that costs little: raw HTTP/1.1 over a few kept-alive connections, one thread."""

from __future__ import annotations

import asyncio
import time

KEY = "Authorization: Key bench:mark"
_ID = b'"request_id":'


class Connection:
    """One connection that asks and waits."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def ask(self, method: str, path: str, body: bytes = b"") -> bytes:
        """The body of the answer, whose length the server must give."""
        self.writer.write(request(method, path, body))
        head = await self.reader.readuntil(b"\r\n\r\n")
        start = head.lower().index(b"content-length:") + 15
        return await self.reader.readexactly(int(head[start : head.index(b"\r\n", start)]))

    async def stream(self, path: str, body: bytes) -> int:
        """Read a chunked answer to its end; how many events it held."""
        self.writer.write(request("POST", path, body))
        await self.reader.readuntil(b"\r\n\r\n")
        events = 0
        while True:
            size = int(await self.reader.readuntil(b"\r\n"), 16)
            chunk = await self.reader.readexactly(size + 2)
            events += chunk.count(b"data: ")
            if size == 0:
                return events


def request(method: str, path: str, body: bytes) -> bytes:
    """One request as bytes."""
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{KEY}\r\n"
    length = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return (head + length).encode() + body


async def _lifecycle(connection: Connection) -> int:
    queue = "/queue.fal.run/fal-ai/any-llm"
    answer = await connection.ask("POST", queue, b'{"prompt":"Write a tagline"}')
    start = answer.index(_ID) + len(_ID)
    job = answer[start : start + 60].split(b'"')[1].decode()
    status = await connection.ask("GET", f"{queue}/requests/{job}/status?logs=0")
    output = await connection.ask("GET", f"{queue}/requests/{job}")
    assert b"COMPLETED" in status
    assert b"Ship it." in output
    return 1


async def _run(connection: Connection) -> int:
    await connection.ask("POST", "/fal.run/fal-ai/any-llm", b'{"prompt":"Write a tagline"}')
    return 1


async def _stream(connection: Connection) -> int:
    return await connection.stream("/fal.run/fal-ai/any-llm/stream", b'{"prompt":"stream"}')


JOBS = {"lifecycles": _lifecycle, "direct runs": _run, "stream events": _stream}


async def measure(port: int, job: str, seconds: float, connections: int = 8) -> float:
    """How many a second."""
    ends = time.perf_counter() + seconds
    total = 0

    async def work(connection: Connection) -> None:
        nonlocal total
        while time.perf_counter() < ends:
            done = await JOBS[job](connection)  # added only then: others add meanwhile
            total += done

    opened = [
        Connection(*await asyncio.open_connection("127.0.0.1", port)) for _ in range(connections)
    ]
    began = time.perf_counter()
    await asyncio.gather(*(work(connection) for connection in opened))
    passed = time.perf_counter() - began
    for connection in opened:
        connection.writer.close()
    return total / passed


async def repeat(port: int, times: int, connections: int = 8) -> None:
    """This many lifecycles, as fast as they go."""
    left = times

    async def work(connection: Connection) -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await _lifecycle(connection)

    opened = [
        Connection(*await asyncio.open_connection("127.0.0.1", port)) for _ in range(connections)
    ]
    await asyncio.gather(*(work(connection) for connection in opened))
    for connection in opened:
        connection.writer.close()
