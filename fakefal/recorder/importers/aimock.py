"""Imports fixtures of aimock, for its fake of fal."""

from __future__ import annotations

import json
from typing import Any

from fakefal.protocol.core.call import Json
from fakefal.recorder.distil.literals import expression, literal
from fakefal.recorder.distil.timing import format_seconds
from fakefal.recorder.importers.foreign import Fields, ImportResult, NotThisFormat
from fakefal.scenario.templates.templates import has_template

_FAL_ENDPOINTS = (None, "fal", "fal-audio", "image", "video", "audio-gen", "chat")
_UNSUPPORTED_MATCHES = (
    "systemMessage",
    "toolCallId",
    "toolResultContains",
    "toolName",
    "responseFormat",
    "hasToolResult",
    "context",
    "turnIndex",
)
_UNSUPPORTED_FIELDS = (
    "chaos",
    "truncateAfterChunks",
    "disconnectAfterMs",
    "chunkSize",
    "replaySpeed",
)


def read_aimock(text: str, file: str) -> ImportResult:
    """The fixtures of a file as exchanges; raises NotThisFormat.

    A fixture matches the prompt by a substring and the endpoint by its ``model``. Fixtures that
    differ only in ``sequenceIndex`` become one exchange with several replies. Source: client
    (@copilotkit/aimock 1.43.0 types.d.ts: FixtureFileEntry; fal.js).
    """
    try:
        data = json.loads(text)
    except ValueError as error:
        raise NotThisFormat(f"not JSON ({error})") from None
    fixtures = data.get("fixtures") if isinstance(data, dict) else None
    if not isinstance(fixtures, list):
        raise NotThisFormat("no fixtures")
    imported = ImportResult()
    exchanges_by_condition: dict[str, Fields] = {}
    for number, fixture in enumerate(fixtures):
        _add_fixture(imported, exchanges_by_condition, fixture, f"{file}: fixtures[{number}]")
    for exchange in imported.exchanges:
        replies = exchange.pop("numbered")
        ordered = [reply for _, reply in sorted(replies, key=lambda numbered: numbered[0])]
        exchange.update({"reply": ordered[0]} if len(ordered) == 1 else {"replies": ordered})
    return imported


def _add_fixture(
    imported: ImportResult, exchanges_by_condition: dict[str, Fields], fixture: Json, location: str
) -> None:
    if not isinstance(fixture, dict) or not isinstance(fixture.get("match"), dict):
        imported.unused.append(f"{location}: no match object")
        return
    match, response = fixture["match"], fixture.get("response")
    if match.get("endpoint") not in _FAL_ENDPOINTS:
        imported.unused.append(f"{location}: {match['endpoint']} is not an endpoint of fal")
        return
    for name in (field for field in _UNSUPPORTED_MATCHES if field in match):
        imported.unused.append(f"{location}: match.{name} is not supported for fal")
    for name in (field for field in _UNSUPPORTED_FIELDS if field in fixture):
        imported.unused.append(f"{location}: {name} is not supported")
    reply = _reply(response) if isinstance(response, dict) else None
    if reply is None:
        imported.unused.append(f"{location}: fal has no such response")
        return
    reply.update(_stream_timing(fixture))
    when = _condition(match)
    key = json.dumps(when, sort_keys=True)
    index = match.get("sequenceIndex")
    numbered = (index if isinstance(index, int) else 0, reply)
    if key in exchanges_by_condition and isinstance(index, int):
        exchanges_by_condition[key]["numbered"].append(numbered)
        return
    exchanges_by_condition[key] = {"when": when, "numbered": [numbered]}
    imported.exchanges.append(exchanges_by_condition[key])


def _condition(match: dict[str, Any]) -> Fields:
    when: Fields = {}
    model = match.get("model")
    if isinstance(model, str) and model:
        when["endpoint"] = model if "/" in model else f"*{model}*"
    prompt = match.get("userMessage", match.get("inputText"))
    if isinstance(prompt, str):
        when["input"] = {"prompt": {"$contains": prompt}}
    return when


def _reply(response: dict[str, Any]) -> Fields | None:
    if isinstance(response.get("error"), dict):
        status = response.get("status")
        is_valid = isinstance(status, int) and 400 <= status <= 599
        return {
            "fail": {
                "status": status if is_valid else 500,
                "body": literal({"error": response["error"]}),
            }
        }
    if "json" in response:
        return _json_reply(response)
    if "content" in response:
        content = response["content"]
        text = content if isinstance(content, str) else json.dumps(content)
        fields: Fields = {"text": expression(text) if has_template(text) else text}
        if isinstance(response.get("reasoning"), str):
            fields["reasoning"] = response["reasoning"]
        return fields
    for name, kind in (
        ("images", "images"),
        ("image", "images"),
        ("video", "video"),
        ("audio", "audio"),
    ):
        if name in response:
            return _media_reply(response[name], kind)
    return None


def _json_reply(response: dict[str, Any]) -> Fields:
    status = response.get("status", 200)
    if isinstance(status, int) and 400 <= status <= 599:
        return {"fail": {"status": status, "body": literal(response["json"])}}
    fields: Fields = {"output": literal(response["json"])}
    units = response.get("billableUnits")
    if isinstance(units, (int, float)) and units >= 0:
        fields["billable_units"] = units
    return fields


def _media_reply(value: Json, kind: str) -> Fields:
    """An output with the fixture's URLs; without URLs, a generated file."""
    items = value if isinstance(value, list) else [value]
    urls = [item.get("url") for item in items if isinstance(item, dict)]
    if not urls or not all(isinstance(url, str) for url in urls):
        return {"kind": kind}
    files = [{"url": literal(url)} for url in urls]
    return {"output": {kind: files} if kind == "images" else {kind: files[0]}}


def _stream_timing(fixture: dict[str, Any]) -> Fields:
    timings = fixture.get("recordedTimings")
    if isinstance(timings, dict):
        waits = [timings.get("ttftMs", 0), *timings.get("interChunkDelaysMs", [])]
        return {"stream": {"waits": [format_seconds(float(wait) / 1000) for wait in waits]}}
    latency = fixture.get("latency")
    if isinstance(latency, (int, float)) and latency > 0:
        return {"stream": {"every": format_seconds(latency / 1000)}}
    return {}
