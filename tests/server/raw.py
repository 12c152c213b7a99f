"""Bytes written to a fake as they are, and what it answers taken apart."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from fakefal.engine.core.journal import Entry
from fakefal.server.server import FakeFal
from fakefal.server.thread import ThreadedFakeFal
from tests.worlds import exchange, scenario

SECONDS = 10
GOOD = b'{"prompt":"hi"}'
SCENARIO = scenario(exchange())


@dataclass(frozen=True)
class Said:
    """One answer: its status line's numbers, headers (lower-case names), and body."""

    version: str
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def request_id(self) -> str:
        return self.headers.get("x-fal-request-id", "")


@dataclass(frozen=True)
class Target:
    """A server in a thread, and all that its journals were told."""

    fake: FakeFal
    entries: list[Entry]


@contextmanager
def listening(**settings: Any) -> Iterator[Target]:
    """A fake on an instant clock that answers everything."""
    settings.setdefault("clock", "instant")
    fake = FakeFal(SCENARIO, **settings)
    entries: list[Entry] = []
    fake.engine.listen(entries.append)
    with ThreadedFakeFal(fake):
        yield Target(fake, entries)


def http(
    *headers: bytes,
    body: bytes = GOOD,
    method: bytes = b"POST",
    path: bytes = b"/fal-ai/any-llm",
    version: bytes = b"HTTP/1.1",
    host: bytes | None = b"fal.run",
    key: bytes | None = b"Key id:secret",
    stays: bool = False,
) -> bytes:
    """A request as bytes; a length is added unless the headers frame the body themselves."""
    lines = [b" ".join((method, path, version))]
    if host is not None:
        lines.append(b"Host: " + host)
    if key is not None:
        lines.append(b"Authorization: " + key)
    if not stays:
        lines.append(b"Connection: close")
    framed = (b"content-length", b"transfer-encoding")
    if not any(header.lower().startswith(framed) for header in headers):
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join((*lines, *headers, b"", b"")) + body


def hear(fake: FakeFal, *parts: bytes, ends: bool = False, waits: bool = False) -> bytes:
    """Write, one part a packet, and read until the server closes; raises TimeoutError on silence.

    ``ends`` closes our side after writing, for what may be the beginning of something longer.
    ``waits`` hears the beginning of an answer before each part but the first.
    """
    with socket.create_connection((fake.host, fake.port), timeout=SECONDS) as talk:
        talk.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        heard = b""
        try:
            for number, part in enumerate(parts):
                heard += talk.recv(65_536) if waits and number else b""
                talk.sendall(part)
            if ends:
                talk.shutdown(socket.SHUT_WR)
            while piece := talk.recv(65_536):
                heard += piece
        except (ConnectionResetError, BrokenPipeError):
            pass  # it closed while we still wrote: what it said before is all there is
        return heard


def answers(heard: bytes) -> list[Said]:
    """The answers in what was heard; fails on anything that is no HTTP."""
    found = []
    while heard:
        head, separator, heard = heard.partition(b"\r\n\r\n")
        assert separator, head
        first, *lines = head.decode("latin-1").split("\r\n")
        version, status, _ = first.split(" ", 2)
        pairs = [line.split(": ", 1) for line in lines]
        headers = {name.lower(): value for name, value in pairs}
        length = int(headers.get("content-length", 0))
        found.append(Said(version, int(status), headers, heard[:length]))
        assert len(found[-1].body) == length
        heard = heard[length:]
    return found


def is_page(said: Said) -> bool:
    """Whether an answer is a page of the load balancer."""
    return (
        said.headers["content-type"] == "text/html"
        and said.body.startswith(b"<html>\r\n<head><title>")
        and b"<center>nginx</center>" in said.body
        and not said.request_id
    )


def is_fals(said: Said) -> bool:
    """Whether an answer has one of fal's shapes, or is the fake's own word on addresses."""
    if is_page(said):
        return True
    if said.headers["content-type"] != "application/json":
        return said.headers["content-type"].startswith("text/event-stream")
    body = said.json
    if said.status < 400:
        return isinstance(body, dict)
    return isinstance(body, dict) and ("detail" in body or "status" in body)


def is_well(target: Target) -> bool:
    """Whether the server answers the next request."""
    (said,) = answers(hear(target.fake, http()))
    return said.status == 200


def ask(target: Target, *parts: bytes) -> Said:
    """The one answer to a request; the server is well afterwards."""
    (said,) = answers(hear(target.fake, *parts))
    assert is_well(target)
    return said


def is_journaled(target: Target, said: Said) -> bool:
    """Whether the journal knows the id of an answer."""
    return any(entry.request_id == said.request_id for entry in target.entries)
