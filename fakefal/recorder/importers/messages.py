"""Imports raw HTTP messages: what ``curl -i`` and ``httpie -v`` print, and proxies save."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from fakefal.recorder.importers.foreign import (
    ForeignExchange,
    ImportResult,
    NotThisFormat,
    PastedBody,
    add_capture,
)

_REQUEST = re.compile(r"(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) (\S+) HTTP/[\d.]+\s*")
_STATUS = re.compile(r"HTTP/[\d.]+ (\d{3})(?: .*)?")


@dataclass(slots=True)
class _Message:
    line: int
    head: re.Match[str]
    is_request: bool
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: list[str] = field(default_factory=list)
    is_in_body: bool = False

    @property
    def content(self) -> bytes:
        """The body without the blank lines that a terminal adds around it."""
        text = "\n".join(self.body)
        return (text if self._is_stream else text.strip()).encode()

    @property
    def _is_stream(self) -> bool:
        return any(value.startswith("text/event-stream") for _, value in self.headers)


def is_raw_messages(text: str) -> bool:
    """Whether a text begins with a request line or a status line."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return bool(_REQUEST.fullmatch(first) or _STATUS.fullmatch(first))


def read_messages(text: str, file: str) -> ImportResult:
    """Requests with their responses, and responses alone; raises NotThisFormat.

    A response alone, as of ``curl -i``, is a body with its status and headers.
    """
    messages = _split(text)
    if not messages:
        raise NotThisFormat("no status line such as HTTP/2 200")
    imported = ImportResult()
    request: _Message | None = None
    for message in messages:
        location = f"{file}:{message.line}"
        if message.is_request:
            request = message
            continue
        status = int(message.head[1])
        if status < 200 or _is_connect(message, status):
            continue
        if request is None:
            imported.pasted.append(
                PastedBody(location, message.content, status, tuple(message.headers))
            )
            continue
        host = next((value for name, value in request.headers if name.lower() == "host"), "")
        target = request.head[2]
        exchange = ForeignExchange(
            request.head[1],
            target if "://" in target else f"https://{host}{target}",
            tuple(request.headers),
            request.content,
            status,
            tuple(message.headers),
            message.content,
            len(imported.captures) * 0.001,
        )
        add_capture(imported, exchange, location)
        request = None
    return imported


def _is_connect(message: _Message, status: int) -> bool:
    """Whether it is a proxy's answer to CONNECT, which curl -i prints too."""
    return status == 200 and "connection established" in message.head[0].lower()


def _split(text: str) -> list[_Message]:
    messages: list[_Message] = []
    for number, line in enumerate(text.splitlines(), 1):
        request, status = _REQUEST.fullmatch(line), _STATUS.fullmatch(line)
        head = request or status
        message = messages[-1] if messages else None
        if head is not None and (message is None or message.is_in_body):
            messages.append(_Message(number, head, request is not None))
        elif message is None:
            continue
        elif message.is_in_body:
            message.body.append(line)
        elif not line.strip():
            message.is_in_body = True
        else:
            name, colon, value = line.partition(":")
            if colon:
                message.headers.append((name.strip(), value.strip()))
    return messages
