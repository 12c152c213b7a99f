"""Imports traces of curl: the output of ``curl -v`` or ``curl --trace-ascii``."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from fakefal.recorder.importers.foreign import (
    ForeignExchange,
    ImportResult,
    NotThisFormat,
    add_capture,
)

_TIME = re.compile(r"(\d\d):(\d\d):(\d\d\.\d+) ")
_TRACE = re.compile(r"(?P<way>=>|<=) (?P<what>Send header|Send data|Recv header|Recv data)\b")
_TRACE_LINE = re.compile(r"[0-9a-f]{4,}: (.*)")
_REQUEST = re.compile(r"(?P<method>[A-Z]+) (?P<target>\S+) HTTP/(?:[\d.]+)")
_STATUS = re.compile(r"HTTP/(?:[\d.]+) (?P<status>\d{3})")
_CURL_MESSAGE = re.compile(r"(?:[*{}] |== Info|[*{}]$|\s*%|\s+\d+ +\d+ )")


@dataclass(slots=True)
class _CurlExchange:
    """One request and its response, collected line by line."""

    location: str
    method: str
    target: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    request_lines: list[str] = field(default_factory=list)
    status: int = 0
    response_headers: list[tuple[str, str]] = field(default_factory=list)
    response_lines: list[str] = field(default_factory=list)
    started_at: float = 0.0
    ended_at: float = 0.0


def read_curl(text: str, file: str) -> ImportResult:
    """The requests to fal in a trace; raises NotThisFormat.

    ``curl -v`` does not show request bodies; requests with one need ``--trace-ascii``.
    """
    lines = text.splitlines()
    is_trace = any(_TRACE.search(line) for line in lines)
    exchanges = _read_trace(lines, file) if is_trace else _read_verbose(lines, file)
    if not exchanges:
        raise NotThisFormat('no request line such as "> POST /fal-ai/any-llm HTTP/1.1"')
    imported = ImportResult()
    first_started_at = exchanges[0].started_at
    for exchange in exchanges:
        body = "".join(exchange.request_lines) if is_trace else "\n".join(exchange.request_lines)
        content_length = {name.lower(): value for name, value in exchange.headers}.get(
            "content-length"
        )
        if content_length not in (None, "0") and not body:
            imported.unused.append(
                f"{exchange.location}: {exchange.method} {exchange.target}: the request body is "
                "missing — use curl --trace-ascii"
            )
            continue
        host = next((value for name, value in exchange.headers if name.lower() == "host"), "")
        response_body = (
            "".join(exchange.response_lines) if is_trace else "\n".join(exchange.response_lines)
        )
        seconds = max(0.0, exchange.ended_at - exchange.started_at)
        converted = ForeignExchange(
            exchange.method,
            exchange.target if "://" in exchange.target else f"https://{host}{exchange.target}",
            tuple(exchange.headers),
            body.encode(),
            exchange.status,
            tuple(exchange.response_headers),
            response_body.encode(),
            exchange.started_at - first_started_at,
            seconds,
        )
        add_capture(imported, converted, exchange.location)
    return imported


def _read_verbose(lines: list[str], file: str) -> list[_CurlExchange]:
    """Read ``curl -v``: ``> `` and ``< `` begin header lines, other lines are response body."""
    exchanges: list[_CurlExchange] = []
    for number, line in enumerate(lines, 1):
        exchange = exchanges[-1] if exchanges else None
        marker, text = line[:2], line[2:].rstrip()
        if marker == "> " and (request_line := _REQUEST.fullmatch(text)):
            exchanges.append(
                _CurlExchange(f"{file}:{number}", request_line["method"], request_line["target"])
            )
        elif exchange is None or (_CURL_MESSAGE.match(line) and line[:1] != " "):
            continue
        elif marker in ("> ", "< ") or line in (">", "<"):
            _add_head_line(exchange, marker[0], text)
        else:
            exchange.response_lines.append(line)
    return exchanges


def _read_trace(lines: list[str], file: str) -> list[_CurlExchange]:
    """Read ``--trace-ascii``: headings such as ``=> Send header``, then lines with an offset."""
    exchanges: list[_CurlExchange] = []
    section = ""
    seconds = 0.0
    for number, line in enumerate(lines, 1):
        untimed = _TIME.sub("", line)
        if (timestamp := _TIME.match(line)) is not None:
            seconds = int(timestamp[1]) * 3600 + int(timestamp[2]) * 60 + float(timestamp[3])
        if (trace := _TRACE.match(untimed)) is not None:
            section = trace["what"]
            continue
        content = _TRACE_LINE.fullmatch(untimed)
        if content is None:
            section = "" if untimed.startswith("== Info") else section
            continue
        text = content[1]
        if section == "Send header" and (request_line := _REQUEST.fullmatch(text)):
            exchanges.append(
                _CurlExchange(
                    f"{file}:{number}",
                    request_line["method"],
                    request_line["target"],
                    started_at=seconds,
                )
            )
        elif exchanges:
            _add_line(exchanges[-1], section, text)
            exchanges[-1].ended_at = seconds
    return exchanges


def _add_line(exchange: _CurlExchange, section: str, text: str) -> None:
    if section == "Send header":
        _add_head_line(exchange, ">", text)
    elif section == "Recv header":
        _add_head_line(exchange, "<", text)
    elif section == "Send data":
        exchange.request_lines.append(text)
    elif section == "Recv data":
        exchange.response_lines.append(text)


def _add_head_line(exchange: _CurlExchange, direction: str, line: str) -> None:
    status = _STATUS.match(line)
    if direction == "<" and status is not None:
        exchange.status, exchange.response_headers = int(status["status"]), []
        return
    name, colon, value = line.partition(":")
    if colon:
        (exchange.headers if direction == ">" else exchange.response_headers).append(
            (name, value.strip())
        )
