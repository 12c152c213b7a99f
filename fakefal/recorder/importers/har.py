"""HAR files, as browsers and proxies save what they saw (HTTP Archive 1.2)."""

from __future__ import annotations

import json
from base64 import b64decode
from datetime import datetime, timezone
from typing import Any

from fakefal.recorder.capture.captures import Pairs
from fakefal.recorder.importers.foreign import Exchanged, Imported, NotThisFormat, add, spread


def read_har(text: str, file: str) -> Imported:
    """The requests to fal of a HAR; raises NotThisFormat.

    A HAR does not say when single events of a stream came: they are spread evenly over the time
    that the answer took. Source: the HAR 1.2 specification.
    """
    try:
        data = json.loads(text)
        entries = data["log"]["entries"]
    except (ValueError, KeyError, TypeError):
        raise NotThisFormat("it has no log with entries") from None
    imported = Imported()
    found: list[tuple[float, str, dict[str, Any]]] = []
    for number, entry in enumerate(entries):
        place = f"{file}: entries[{number}]"
        try:
            found.append((_instant(entry["startedDateTime"]), place, entry))
        except (KeyError, ValueError, TypeError, AttributeError):
            imported.unused.append(f"{place}: it does not say when it began")
    began = min((at for at, _, _ in found), default=0.0)
    for at, place, entry in sorted(found, key=lambda it: it[0]):
        try:
            add(imported, _exchanged(entry, at - began), place)
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            imported.unused.append(f"{place}: it cannot be read ({type(error).__name__}: {error})")
        if entry.get("_webSocketMessages"):
            imported.unused.append(f"{place}: messages of a WebSocket are not replayed")
    return imported


def _exchanged(entry: dict[str, Any], at: float) -> Exchanged:
    request, response = entry["request"], entry["response"]
    timings = entry.get("timings", {})
    seconds = max(0.0, float(entry.get("time") or 0)) / 1000
    receiving = max(0.0, float(timings.get("receive") or 0)) / 1000
    headers = _pairs(response["headers"])
    content = response.get("content", {})
    body = _content(content)
    if str(content.get("mimeType", "")).startswith("text/event-stream"):
        pieces = spread(body, max(0.0, seconds - receiving), seconds)
    else:
        pieces = ()
    if not any(name.lower() == "content-type" for name, _ in headers) and content.get("mimeType"):
        headers = (*headers, ("content-type", str(content["mimeType"])))
    return Exchanged(
        str(request["method"]),
        str(request["url"]),
        _pairs(request.get("headers", [])),
        _posted(request.get("postData") or {}),
        int(response["status"]),
        tuple(pair for pair in headers if pair[0].lower() != "content-encoding"),
        body,
        at,
        seconds,
        pieces,
    )


def _content(content: dict[str, Any]) -> bytes:
    text = content.get("text") or ""
    return b64decode(text) if content.get("encoding") == "base64" else str(text).encode()


def _posted(posted: dict[str, Any]) -> bytes:
    text = posted.get("text") or ""
    return b64decode(text) if posted.get("encoding") == "base64" else str(text).encode()


def _pairs(headers: list[dict[str, Any]]) -> Pairs:
    return tuple((str(it["name"]), str(it["value"])) for it in headers if it["name"][:1] != ":")


def _instant(text: str) -> float:
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return moment.timestamp()
