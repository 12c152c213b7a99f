"""A server in a thread on either event loop, and clients that see every byte and close."""

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
from tests.server.connections import open_connection
from tests.server.raw_http import SECONDS, http

BODY = b'{"output":"Ship it.","reasoning":null,"partial":false,"error":null}'
KEY = "id:secret"
LOOPS = ["asyncio", "uvloop"]
QUEUE = b"queue.fal.run"


class ClientConnection:
    """One client connection; each read continues after the previous one."""

    def __init__(self, served: ServerUnderTest) -> None:
        self._socket = open_connection(served.server, served.way)

    def send(self, data: bytes) -> ClientConnection:
        """Send bytes."""
        self._socket.sendall(data)
        return self

    def read(self, size: int) -> bytes:
        """Read exactly ``size`` bytes."""
        received = b""
        while len(received) < size:
            piece = self._socket.recv(size - len(received))
            assert piece, f"closed after {received!r}"
            received += piece
        return received

    def read_head(self) -> bytes:
        """Read the status line and headers, with the blank line."""
        received = b""
        while not received.endswith(b"\r\n\r\n"):
            received += self.read(1)
        return received

    def read_rest(self) -> tuple[bytes, str]:
        """Read to the end; also how it ends: ``closed`` or ``reset``."""
        received = b""
        try:
            while piece := self._socket.recv(65_536):
                received += piece
        except ConnectionResetError:
            return received, "reset"
        return received, "closed"

    def is_silent(self) -> bool:
        """Whether nothing can be read at the moment, not even an EOF."""
        self._socket.setblocking(False)
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        finally:
            self._socket.settimeout(SECONDS)
        return False

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()


class ServerUnderTest:
    """A server on a manual clock; ``way`` is how to connect (see ``open_connection``)."""

    def __init__(self, thread: ThreadedServer, server: FakeFalServer, way: str) -> None:
        self.thread = thread
        self.way = way
        self.server = server
        self.controls: Controls = thread.call(lambda: server.controls(KEY))
        self._connections: list[ClientConnection] = []

    def connect(self, data: bytes = b"") -> ClientConnection:
        """Open a connection and send bytes on it."""
        connection = ClientConnection(self)
        self._connections.append(connection)
        return connection.send(data)

    def connect_to(self, name: str) -> Any:
        """Open a connection to a host name."""
        return open_connection(self.server, self.way, name)

    def request(self, data: bytes) -> tuple[bytes, bytes, str]:
        """Head and body of the response to a request, and how the connection ends."""
        received, end = self.connect(data).read_rest()
        head, _, body = received.partition(b"\r\n\r\n")
        return head, body, end

    def submit(self, *headers: bytes) -> str:
        """Submit a job, whatever the response, and return its id."""
        self.request(http(*headers, host=QUEUE))
        return str(self.thread.call(self.controls.jobs)[-1]["request_id"])

    def journal(self) -> list[tuple[str, int]]:
        """Kind and status of all journal entries."""
        return [
            (entry["kind"], entry["status"]) for entry in self.thread.call(self.controls.journal)
        ]

    def advance(self, seconds: float) -> None:
        """Advance the clock."""
        self.thread.call(lambda: self.controls.advance(seconds))

    def wait_until(self, is_true: Callable[[], object]) -> None:
        """Wait until a condition is true in the thread of the server."""
        for _ in range(200_000):
            if self.thread.call(is_true):
                return
        raise AssertionError("the condition never became true")

    def wait_until_clock_is_awaited(self, count: int = 1) -> None:
        """Wait until this many tasks wait for the clock."""
        clock = self.controls.tenant.clock
        self.wait_until(lambda: sum(not waiter.done() for _, _, waiter in clock._waiters) >= count)

    def wait_until_idle(self) -> None:
        """Wait until no response is being written."""
        self.wait_until(lambda: not self.server._tasks._tasks)

    def is_healthy(self) -> bool:
        """Whether another caller gets the response of the healthy exchange."""
        head, body, end = self.request(http(path=b"/fal-ai/healthy"))
        return head.startswith(b"HTTP/1.1 200 OK\r\n") and (body, end) == (b'"well"', "closed")

    def close(self) -> None:
        """Close all client connections."""
        for connection in self._connections:
            connection.close()


HEALTHY = {"when": {"endpoint": "fal-ai/healthy"}, "reply": {"output": "well"}}


@contextmanager
def threaded_server(
    loop: str, *exchanges: dict[str, Any], way: str = "plain", **parts: Any
) -> Iterator[ServerUnderTest]:
    """A server on an event loop; it must still be healthy at the end."""
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
    """An exchange with faults for one operation."""
    return exchange({"text": "Ship it.", **reply, "faults": {operation: list(faults)}})


def split_chunks(body: bytes) -> list[bytes]:
    """The HTTP chunks of a body, including the empty last one of a complete body."""
    parts = []
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size, 16)
        parts.append(body[:length])
        assert body[length : length + 2] == b"\r\n"
        body = body[length + 2 :]
    return parts
