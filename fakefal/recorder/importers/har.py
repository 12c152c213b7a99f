"""Imports HAR files (HTTP Archive 1.2), which browsers and proxies save."""

from __future__ import annotations

import json
from base64 import b64decode
from datetime import datetime, timezone
from typing import Any

from fakefal.recorder.capture.captures import HeaderPairs
from fakefal.recorder.importers.foreign import (
    ForeignExchange,
    ImportResult,
    NotThisFormat,
    add_capture,
    spread_events,
)


def read_har(text: str, file: str) -> ImportResult:
    """The requests to fal in a HAR; raises NotThisFormat.

    A HAR has no times of a stream's events: they are spread evenly over the time of the response.
    """
    try:
        data = json.loads(text)
        entries = data["log"]["entries"]
    except (ValueError, KeyError, TypeError):
        raise NotThisFormat("no log with entries") from None
    imported = ImportResult()
    dated_entries: list[tuple[float, str, dict[str, Any]]] = []
    for number, entry in enumerate(entries):
        location = f"{file}: entries[{number}]"
        try:
            dated_entries.append((_parse_instant(entry["startedDateTime"]), location, entry))
        except (KeyError, ValueError, TypeError, AttributeError):
            imported.unused.append(f"{location}: no valid startedDateTime")
    first_started_at = min((instant for instant, _, _ in dated_entries), default=0.0)
    imported.recorded_at = first_started_at if dated_entries else None
    for started_at, location, entry in sorted(dated_entries, key=lambda dated: dated[0]):
        try:
            add_capture(imported, _to_exchange(entry, started_at - first_started_at), location)
        except _NoBody as error:
            imported.unused.append(f"{location}: {entry['request'].get('url')}: {error}")
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            imported.unused.append(f"{location}: invalid ({type(error).__name__}: {error})")
        if entry.get("_webSocketMessages"):
            imported.unused.append(f"{location}: WebSocket messages cannot be replayed")
    return imported


class _NoBody(ValueError):
    """A response whose body the browser did not keep; the text says so."""


def _to_exchange(entry: dict[str, Any], started_at: float) -> ForeignExchange:
    request, response = entry["request"], entry["response"]
    timings = entry.get("timings", {})
    seconds = max(0.0, float(entry.get("time") or 0)) / 1000
    receiving = max(0.0, float(timings.get("receive") or 0)) / 1000
    headers = _to_pairs(response["headers"])
    content = response.get("content", {})
    body = _content_bytes(content)
    if not body and float(content.get("size") or 0) > 0 and response["status"] != 304:
        raise _NoBody(f"its body ({content['size']} bytes) is not in the file")
    if str(content.get("mimeType", "")).startswith("text/event-stream"):
        pieces = spread_events(body, max(0.0, seconds - receiving), seconds)
    else:
        pieces = ()
    if not any(name.lower() == "content-type" for name, _ in headers) and content.get("mimeType"):
        headers = (*headers, ("content-type", str(content["mimeType"])))
    return ForeignExchange(
        str(request["method"]),
        str(request["url"]),
        _to_pairs(request.get("headers", [])),
        _post_bytes(request.get("postData") or {}),
        int(response["status"]),
        tuple(pair for pair in headers if pair[0].lower() != "content-encoding"),
        body,
        started_at,
        seconds,
        pieces,
    )


def _content_bytes(content: dict[str, Any]) -> bytes:
    text = content.get("text") or ""
    return b64decode(text) if content.get("encoding") == "base64" else str(text).encode()


def _post_bytes(post_data: dict[str, Any]) -> bytes:
    text = post_data.get("text") or ""
    return b64decode(text) if post_data.get("encoding") == "base64" else str(text).encode()


def _to_pairs(headers: list[dict[str, Any]]) -> HeaderPairs:
    return tuple(
        (str(header["name"]), str(header["value"]))
        for header in headers
        if header["name"][:1] != ":"
    )


def _parse_instant(text: str) -> float:
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return moment.timestamp()
