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
from fakefal.server.server import FakeFal
from fakefal.server.thread import ThreadedFakeFal
from tests.server.raw import SECONDS, http
from tests.server.reaching import reach
from tests.worlds import exchange

BODY = b'{"output":"Ship it.","reasoning":null,"partial":false,"error":null}'
KEY = "id:secret"
LOOPS = ["asyncio", "uvloop"]
QUEUE = b"queue.fal.run"


class Talk:
    """One connection; what was heard on it so far is not heard again."""

    def __init__(self, served: Served) -> None:
        self._socket = reach(served.fake, served.way)

    def send(self, data: bytes) -> Talk:
        """Write a request."""
        self._socket.sendall(data)
        return self

    def read(self, size: int) -> bytes:
        """Exactly so many bytes."""
        heard = b""
        while len(heard) < size:
            piece = self._socket.recv(size - len(heard))
            assert piece, f"closed after {heard!r}"
            heard += piece
        return heard

    def head(self) -> bytes:
        """Status line and headers, with the blank line."""
        heard = b""
        while not heard.endswith(b"\r\n\r\n"):
            heard += self.read(1)
        return heard

    def rest(self) -> tuple[bytes, str]:
        """All that still comes, and how it ends: ``closed`` or ``reset``."""
        heard = b""
        try:
            while piece := self._socket.recv(65_536):
                heard += piece
        except ConnectionResetError:
            return heard, "reset"
        return heard, "closed"

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

    def leave(self) -> None:
        """Close our side."""
        self._socket.close()


class Served:
    """A fake in a thread, on a manual clock; ``way`` is how it is reached (see ``reach``)."""

    def __init__(self, server: ThreadedFakeFal, fake: FakeFal, way: str) -> None:
        self.server = server
        self.way = way
        self.fake = fake
        self.controls: Controls = server.call(lambda: fake.controls(KEY))
        self._talks: list[Talk] = []

    def talk(self, data: bytes = b"") -> Talk:
        """A new connection, and a request on it."""
        talk = Talk(self)
        self._talks.append(talk)
        return talk.send(data)

    def reach(self, name: str) -> Any:
        """A connection by the name of a host."""
        return reach(self.fake, self.way, name)

    def hear(self, data: bytes) -> tuple[bytes, bytes, str]:
        """Head and body of the answer to a request, and how the connection ends."""
        heard, end = self.talk(data).rest()
        head, _, body = heard.partition(b"\r\n\r\n")
        return head, body, end

    def submit(self, *headers: bytes) -> str:
        """A job's id, whatever the caller hears."""
        self.hear(http(*headers, host=QUEUE))
        return str(self.server.call(self.controls.jobs)[-1]["request_id"])

    def journal(self) -> list[tuple[str, int]]:
        """Kind and status of all that happened."""
        return [(it["kind"], it["status"]) for it in self.server.call(self.controls.journal)]

    def advance(self, seconds: float) -> None:
        """Move the clock."""
        self.server.call(lambda: self.controls.advance(seconds))

    def until(self, is_true: Callable[[], object]) -> None:
        """Let the server work until something is true there; a hung one is told by pytest."""
        for _ in range(200_000):
            if self.server.call(is_true):
                return
        raise AssertionError("it never came")

    def until_it_waits(self, count: int = 1) -> None:
        """Let the server work until so many answers wait for the clock."""
        clock = self.controls.tenant.clock
        self.until(lambda: sum(not it.done() for _, _, it in clock._waiters) >= count)

    def until_nothing_is_open(self) -> None:
        """Let the server work until no answer is being written."""
        self.until(lambda: not self.fake._tasks._tasks)

    def is_well(self) -> bool:
        """Whether another caller gets the healthy answer."""
        head, body, end = self.hear(http(path=b"/fal-ai/healthy"))
        return head.startswith(b"HTTP/1.1 200 OK\r\n") and (body, end) == (b'"well"', "closed")

    def close(self) -> None:
        """Close all connections."""
        for talk in self._talks:
            talk.leave()


HEALTHY = {"when": {"endpoint": "fal-ai/healthy"}, "reply": {"output": "well"}}


@contextmanager
def serving(
    loop: str, *exchanges: dict[str, Any], way: str = "plain", **parts: Any
) -> Iterator[Served]:
    """A server on a loop; it must be well at the end."""
    if loop == "uvloop" and importlib.util.find_spec("uvloop") is None:
        pytest.skip("uvloop has no build here")
    data = {"fakefal": 1, "exchanges": [HEALTHY, *exchanges], **parts}
    fake = FakeFal(data, clock="manual", tls_port=0 if way == "tls" else None)
    with pytest.MonkeyPatch.context() as patch:
        if loop == "asyncio":
            patch.setattr(thread, "new_event_loop", asyncio.new_event_loop)
        server = ThreadedFakeFal(fake)
        with server:
            served = Served(server, fake, way)
            try:
                yield served
                assert served.server._loop is None or served.is_well()
            finally:
                served.close()


def faulty(operation: str, *faults: Any, **reply: Any) -> dict[str, Any]:
    """An exchange with faults of one operation."""
    return exchange({"text": "Ship it.", **reply, "faults": {operation: list(faults)}})


def chunks(body: bytes) -> list[bytes]:
    """The HTTP chunks of a body; the one that ends it is empty and comes only at a proper end."""
    found = []
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size, 16)
        found.append(body[:length])
        assert body[length : length + 2] == b"\r\n"
        body = body[length + 2 :]
    return found
