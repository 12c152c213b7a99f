"""Raw bytes sent to a server, and its responses parsed."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from fakefal.engine.core.journal import JournalEntry
from fakefal.server.server import FakeFalServer
from fakefal.server.thread import ThreadedServer
from tests.building import exchange, scenario

SECONDS = 10
GOOD = b'{"prompt":"hi"}'
SCENARIO = scenario(exchange())


@dataclass(frozen=True)
class ParsedResponse:
    """A response: version and status, headers (lower-case names), and body."""

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
class RunningServer:
    """A server in a thread, and all entries of its journals."""

    server: FakeFalServer
    entries: list[JournalEntry]


@contextmanager
def running_server(**settings: Any) -> Iterator[RunningServer]:
    """A server on an instant clock that responds to every call."""
    settings.setdefault("clock", "instant")
    server = FakeFalServer(SCENARIO, **settings)
    entries: list[JournalEntry] = []
    server.engine.add_listener(entries.append)
    with ThreadedServer(server):
        yield RunningServer(server, entries)


def http(
    *headers: bytes,
    body: bytes = GOOD,
    method: bytes = b"POST",
    path: bytes = b"/fal-ai/any-llm",
    version: bytes = b"HTTP/1.1",
    host: bytes | None = b"fal.run",
    key: bytes | None = b"Key id:secret",
    keep_alive: bool = False,
) -> bytes:
    """A request as bytes; a Content-Length is added unless the headers frame the body."""
    lines = [b" ".join((method, path, version))]
    if host is not None:
        lines.append(b"Host: " + host)
    if key is not None:
        lines.append(b"Authorization: " + key)
    if not keep_alive:
        lines.append(b"Connection: close")
    framed = (b"content-length", b"transfer-encoding")
    if not any(header.lower().startswith(framed) for header in headers):
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join((*lines, *headers, b"", b"")) + body


def exchange_bytes(
    server: FakeFalServer, *parts: bytes, ends: bool = False, waits: bool = False
) -> bytes:
    """Send parts as separate packets, read until the server closes; TimeoutError on silence.

    ``ends`` closes our side after writing, for what may be the beginning of something longer.
    ``waits`` hears the beginning of an answer before each part but the first.
    """
    with socket.create_connection((server.host, server.port), timeout=SECONDS) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        received = b""
        try:
            for number, part in enumerate(parts):
                received += connection.recv(65_536) if waits and number else b""
                connection.sendall(part)
            if ends:
                connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(65_536):
                received += piece
        except (ConnectionResetError, BrokenPipeError):
            pass  # it closed during a send: the bytes before that are the result
        return received


def parse_responses(received: bytes) -> list[ParsedResponse]:
    """Parse responses; fails on anything that is not HTTP."""
    responses = []
    while received:
        head, separator, received = received.partition(b"\r\n\r\n")
        assert separator, head
        status_line, *lines = head.decode("latin-1").split("\r\n")
        version, status, _ = status_line.split(" ", 2)
        pairs = [field.split(": ", 1) for field in lines]
        headers = {name.lower(): value for name, value in pairs}
        length = int(headers.get("content-length", 0))
        responses.append(ParsedResponse(version, int(status), headers, received[:length]))
        assert len(responses[-1].body) == length
        received = received[length:]
    return responses


def is_nginx_page(response: ParsedResponse) -> bool:
    """Whether a response is a page of the load balancer."""
    return (
        response.headers["content-type"] == "text/html"
        and response.body.startswith(b"<html>\r\n<head><title>")
        and b"<center>nginx</center>" in response.body
        and not response.request_id
    )


def is_empty_refusal(response: ParsedResponse) -> bool:
    """Whether it is how fal refuses a path that is not an app, or the path of a read.

    Source: recorded (docs/reference/open-questions.md#single-segment-paths).
    """
    bodies = {404: (b"", b"404: Not Found"), 405: (b"",)}
    is_json = "json" in response.headers.get("content-type", "")
    return not is_json and response.body in bodies.get(response.status, ())


def is_fal_response(response: ParsedResponse) -> bool:
    """Whether a response has one of fal's shapes, or is fakefal's own about addresses."""
    if is_empty_refusal(response) or is_nginx_page(response):
        return True
    if response.headers["content-type"] != "application/json":
        return response.headers["content-type"].startswith("text/event-stream")
    body = response.json
    if response.status < 400:
        return isinstance(body, dict)
    return isinstance(body, dict) and ("detail" in body or "status" in body)


def is_healthy(server: RunningServer) -> bool:
    """Whether the server responds to the next request."""
    (response,) = parse_responses(exchange_bytes(server.server, http()))
    return response.status == 200


def send_request(server: RunningServer, *parts: bytes) -> ParsedResponse:
    """The single response to a request; the server must be healthy afterwards."""
    (response,) = parse_responses(exchange_bytes(server.server, *parts))
    assert is_healthy(server)
    return response


def is_journaled(server: RunningServer, response: ParsedResponse) -> bool:
    """Whether the journal has the request id of a response."""
    return any(entry.request_id == response.request_id for entry in server.entries)
