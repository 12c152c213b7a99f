"""A server in a thread on either event loop, and a caller that sees every byte and every end."""

from __future__ import annotations

import asyncio
import importlib.util
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from fakefal.engine.controls import Controls
from fakefal.server import thread
from fakefal.server.server import FakeFalServer
from fakefal.server.thread import ThreadedServer
from tests.building import exchange
from tests.server.raw import SECONDS, http
from tests.server.reaching import open_connection

BODY = b'{"output":"Ship it.","reasoning":null,"partial":false,"error":null}'
KEY = "id:secret"
LOOPS = ["asyncio", "uvloop"]
QUEUE = b"queue.fal.run"


class ClientConnection:
    """One connection; what was heard on it so far is not heard again."""

    def __init__(self, served: ServerUnderTest) -> None:
        self._socket = open_connection(served.server, served.way)

    def send(self, data: bytes) -> ClientConnection:
        """Write a request."""
        self._socket.sendall(data)
        return self

    def read(self, size: int) -> bytes:
        """Exactly so many bytes."""
        received = b""
        while len(received) < size:
            piece = self._socket.recv(size - len(received))
            assert piece, f"closed after {received!r}"
            received += piece
        return received

    def read_head(self) -> bytes:
        """Status line and headers, with the blank line."""
        received = b""
        while not received.endswith(b"\r\n\r\n"):
            received += self.read(1)
        return received

    def read_rest(self) -> tuple[bytes, str]:
        """All that still comes, and how it ends: ``closed`` or ``reset``."""
        received = b""
        try:
            while piece := self._socket.recv(65_536):
                received += piece
        except ConnectionResetError:
            return received, "reset"
        return received, "closed"

    def is_silent(self) -> bool:
        """Whether nothing can be read now, not even an end."""
        self._socket.setblocking(False)
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        finally:
            self._socket.settimeout(SECONDS)
        return False

    def close(self) -> None:
        """Close our side."""
        self._socket.close()


class ServerUnderTest:
    """A fake in a thread, on a manual clock; ``way`` is how it is reached (see ``reach``)."""

    def __init__(self, thread: ThreadedServer, server: FakeFalServer, way: str) -> None:
        self.thread = thread
        self.way = way
        self.server = server
        self.controls: Controls = thread.call(lambda: server.controls(KEY))
        self._connections: list[ClientConnection] = []

    def connect(self, data: bytes = b"") -> ClientConnection:
        """A new connection, and a request on it."""
        connection = ClientConnection(self)
        self._connections.append(connection)
        return connection.send(data)

    def connect_to(self, name: str) -> Any:
        """A connection by the name of a host."""
        return open_connection(self.server, self.way, name)

    def request(self, data: bytes) -> tuple[bytes, bytes, str]:
        """Head and body of the answer to a request, and how the connection ends."""
        received, end = self.connect(data).read_rest()
        head, _, body = received.partition(b"\r\n\r\n")
        return head, body, end

    def submit(self, *headers: bytes) -> str:
        """A job's id, whatever the caller hears."""
        self.request(http(*headers, host=QUEUE))
        return str(self.thread.call(self.controls.jobs)[-1]["request_id"])

    def journal(self) -> list[tuple[str, int]]:
        """Kind and status of all that happened."""
        return [(it["kind"], it["status"]) for it in self.thread.call(self.controls.journal)]

    def advance(self, seconds: float) -> None:
        """Move the clock."""
        self.thread.call(lambda: self.controls.advance(seconds))

    def wait_until(self, is_true: Callable[[], object]) -> None:
        """Let the server work until something is true there; a hung one is told by pytest."""
        for _ in range(200_000):
            if self.thread.call(is_true):
                return
        raise AssertionError("it never came")

    def wait_until_clock_is_awaited(self, count: int = 1) -> None:
        """Let the server work until so many answers wait for the clock."""
        clock = self.controls.tenant.clock
        self.wait_until(lambda: sum(not it.done() for _, _, it in clock._waiters) >= count)

    def wait_until_idle(self) -> None:
        """Let the server work until no answer is being written."""
        self.wait_until(lambda: not self.server._tasks._tasks)

    def is_healthy(self) -> bool:
        """Whether another caller gets the healthy answer."""
        head, body, end = self.request(http(path=b"/fal-ai/healthy"))
        return head.startswith(b"HTTP/1.1 200 OK\r\n") and (body, end) == (b'"well"', "closed")

    def close(self) -> None:
        """Close all connections."""
        for connection in self._connections:
            connection.close()


HEALTHY = {"when": {"endpoint": "fal-ai/healthy"}, "reply": {"output": "well"}}


@contextmanager
def threaded_server(
    loop: str, *exchanges: dict[str, Any], way: str = "plain", **parts: Any
) -> Iterator[ServerUnderTest]:
    """A server on a loop; it must be well at the end."""
    if loop == "uvloop" and importlib.util.find_spec("uvloop") is None:
        pytest.skip("uvloop has no build here")
    data = {"fakefal": 1, "exchanges": [HEALTHY, *exchanges], **parts}
    server = FakeFalServer(data, clock="manual", tls_port=0 if way == "tls" else None)
    with pytest.MonkeyPatch.context() as patch:
        if loop == "asyncio":
            patch.setattr(thread, "new_event_loop", asyncio.new_event_loop)
        threaded = ThreadedServer(server)
        with threaded:
            served = ServerUnderTest(threaded, server, way)
            try:
                yield served
                assert served.thread._loop is None or served.is_healthy()
            finally:
                served.close()


def faulty(operation: str, *faults: Any, **reply: Any) -> dict[str, Any]:
    """An exchange with faults of one operation."""
    return exchange({"text": "Ship it.", **reply, "faults": {operation: list(faults)}})


def split_chunks(body: bytes) -> list[bytes]:
    """The HTTP chunks of a body; the one that ends it is empty and comes only at a proper end."""
    parts = []
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size, 16)
        parts.append(body[:length])
        assert body[length : length + 2] == b"\r\n"
        body = body[length + 2 :]
    return parts
