"""Fixtures of aimock: what it answers where it plays fal."""

from __future__ import annotations

import json
from typing import Any

from fakefal.protocol.core.call import Json
from fakefal.recorder.distil.literals import expression, literal
from fakefal.recorder.distil.timing import written
from fakefal.recorder.importers.foreign import Fields, Imported, NotThisFormat
from fakefal.scenario.templates.templates import has_template

_OF_FAL = (None, "fal", "fal-audio", "image", "video", "audio-gen", "chat")
_UNUSED_MATCHES = (
    "systemMessage",
    "toolCallId",
    "toolResultContains",
    "toolName",
    "responseFormat",
    "hasToolResult",
    "context",
    "turnIndex",
)
_UNUSED_FIELDS = ("chaos", "truncateAfterChunks", "disconnectAfterMs", "chunkSize", "replaySpeed")


def read_aimock(text: str, file: str) -> Imported:
    """The fixtures of a file as exchanges; raises NotThisFormat.

    A fixture matches a prompt by a part of it and an endpoint by its ``model``. Fixtures that
    differ by ``sequenceIndex`` alone become replies in turn. Source: client (@copilotkit/aimock
    1.43.0 types.d.ts: FixtureFileEntry; fal.js).
    """
    try:
        data = json.loads(text)
    except ValueError as error:
        raise NotThisFormat(f"it is no JSON ({error})") from None
    fixtures = data.get("fixtures") if isinstance(data, dict) else None
    if not isinstance(fixtures, list):
        raise NotThisFormat("it has no fixtures")
    imported = Imported()
    known: dict[str, Fields] = {}
    for number, fixture in enumerate(fixtures):
        _add(imported, known, fixture, f"{file}: fixtures[{number}]")
    for exchange in imported.exchanges:
        replies = exchange.pop("numbered")
        found = [reply for _, reply in sorted(replies, key=lambda it: it[0])]
        exchange.update({"reply": found[0]} if len(found) == 1 else {"replies": found})
    return imported


def _add(imported: Imported, known: dict[str, Fields], fixture: Json, place: str) -> None:
    if not isinstance(fixture, dict) or not isinstance(fixture.get("match"), dict):
        imported.unused.append(f"{place}: it matches nothing")
        return
    match, response = fixture["match"], fixture.get("response")
    if match.get("endpoint") not in _OF_FAL:
        imported.unused.append(f"{place}: {match['endpoint']} is not of fal")
        return
    for name in (it for it in _UNUSED_MATCHES if it in match):
        imported.unused.append(f"{place}: match.{name} means nothing to a call of fal")
    for name in (it for it in _UNUSED_FIELDS if it in fixture):
        imported.unused.append(f"{place}: {name} is not taken over")
    reply = _reply(response) if isinstance(response, dict) else None
    if reply is None:
        imported.unused.append(f"{place}: its response is none that fal gives")
        return
    reply.update(_timing(fixture))
    when = _when(match)
    key = json.dumps(when, sort_keys=True)
    index = match.get("sequenceIndex")
    numbered = (index if isinstance(index, int) else 0, reply)
    if key in known and isinstance(index, int):
        known[key]["numbered"].append(numbered)
        return
    known[key] = {"when": when, "numbered": [numbered]}
    imported.exchanges.append(known[key])


def _when(match: dict[str, Any]) -> Fields:
    when: Fields = {}
    model = match.get("model")
    if isinstance(model, str) and model:
        when["endpoint"] = model if "/" in model else f"*{model}*"
    said = match.get("userMessage", match.get("inputText"))
    if isinstance(said, str):
        when["input"] = {"prompt": {"$contains": said}}
    return when


def _reply(response: dict[str, Any]) -> Fields | None:
    if isinstance(response.get("error"), dict):
        status = response.get("status")
        good = isinstance(status, int) and 400 <= status <= 599
        return {
            "fail": {
                "status": status if good else 500,
                "body": literal({"error": response["error"]}),
            }
        }
    if "json" in response:
        return _json(response)
    if "content" in response:
        content = response["content"]
        text = content if isinstance(content, str) else json.dumps(content)
        found: Fields = {"text": expression(text) if has_template(text) else text}
        if isinstance(response.get("reasoning"), str):
            found["reasoning"] = response["reasoning"]
        return found
    for name, kind in (
        ("images", "images"),
        ("image", "images"),
        ("video", "video"),
        ("audio", "audio"),
    ):
        if name in response:
            return _media(response[name], kind)
    return None


def _json(response: dict[str, Any]) -> Fields:
    status = response.get("status", 200)
    if isinstance(status, int) and 400 <= status <= 599:
        return {"fail": {"status": status, "body": literal(response["json"])}}
    found: Fields = {"output": literal(response["json"])}
    units = response.get("billableUnits")
    if isinstance(units, (int, float)) and units >= 0:
        found["billable_units"] = units
    return found


def _media(value: Json, kind: str) -> Fields:
    """A file by its URL as it is; one that is made where there is none."""
    items = value if isinstance(value, list) else [value]
    urls = [it.get("url") for it in items if isinstance(it, dict)]
    if not urls or not all(isinstance(url, str) for url in urls):
        return {"kind": kind}
    files = [{"url": literal(url)} for url in urls]
    return {"output": {kind: files} if kind == "images" else {kind: files[0]}}


def _timing(fixture: dict[str, Any]) -> Fields:
    timings = fixture.get("recordedTimings")
    if isinstance(timings, dict):
        waits = [timings.get("ttftMs", 0), *timings.get("interChunkDelaysMs", [])]
        return {"stream": {"waits": [written(float(wait) / 1000) for wait in waits]}}
    latency = fixture.get("latency")
    if isinstance(latency, (int, float)) and latency > 0:
        return {"stream": {"every": written(latency / 1000)}}
    return {}
