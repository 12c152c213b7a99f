"""Turns bodies without requests into exchanges; those of one request become one job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from fakefal.protocol.core import hosts
from fakefal.protocol.core.call import Json
from fakefal.protocol.core.endpoints import EndpointId, parse_endpoint
from fakefal.protocol.core.json_codec import encode
from fakefal.recorder.capture.captures import (
    Capture,
    RecordedRequest,
    RecordedResponse,
    buffered_response,
)
from fakefal.recorder.capture.redaction import Redactor
from fakefal.recorder.distil.outcomes import (
    NotRecordable,
    failure_of,
    header_fields,
    output_fields,
)
from fakefal.recorder.distil.request_groups import ANY_ENDPOINT
from fakefal.recorder.distil.stream_replies import stream_reply
from fakefal.recorder.importers.bodies import STATES, kind_of, status_of
from fakefal.recorder.importers.foreign import Fields, ImportResult, PastedBody, spread_events

_STEP_SECONDS = 0.001


@dataclass(slots=True)
class _Body:
    """A pasted body with what it says about itself. ``id`` is empty if it names no request."""

    pasted: PastedBody
    json: Json
    kind: str
    id: str
    endpoint: EndpointId | None


def convert_pasted(imported: ImportResult) -> None:
    """Replace ``pasted`` of an import by exchanges, and by captures of whole jobs."""
    bodies: list[_Body] = []
    pasted, imported.pasted = imported.pasted, []
    for body in pasted:
        if any(_is_event_stream(header) for header in body.headers):
            _add_stream(imported, body)
            continue
        try:
            bodies.append(_describe(body))
        except ValueError:
            imported.unused.append(f"{body.location}: the body is not JSON")
    for group in _groups(bodies):
        if len(group) > 1:
            imported.captures += _captures_of(group)
            continue
        (single,) = group
        try:
            reply = _reply(single)
        except NotRecordable as error:
            imported.unused.append(f"{single.pasted.location}: {error}")
            continue
        when = {} if single.endpoint is None else {"endpoint": f"{single.endpoint.app}*"}
        imported.exchanges.append({"when": when, "reply": reply})


def _describe(pasted: PastedBody) -> _Body:
    body = pasted.json()
    id_, endpoint = "", None
    if isinstance(body, dict):
        url = body.get("response_url")
        if isinstance(url, str):
            path, _, rest = urlsplit(url).path.partition("/requests/")
            endpoint = parse_endpoint(path)
            id_ = rest.partition("/")[0]
        if isinstance(body.get("request_id"), str):
            id_ = body["request_id"]
    header = next((v for name, v in pasted.headers if name.lower() == "x-fal-request-id"), "")
    kind = kind_of(body)
    if kind is None:
        is_failure = (pasted.status or 200) >= 400
        has_detail = isinstance(body, dict) and "detail" in body
        kind = "error" if is_failure or (pasted.status is None and has_detail) else "result"
    return _Body(pasted, body, kind, id_ or header, endpoint)


def _groups(bodies: Sequence[_Body]) -> list[list[_Body]]:
    """Bodies of one request together. A result that names no request belongs to the only request
    without one."""
    by_id: dict[str, list[_Body]] = {}
    single: list[list[_Body]] = []
    nameless: list[_Body] = []
    for body in bodies:
        if body.id:
            by_id.setdefault(body.id, []).append(body)
        elif body.kind in ("result", "error"):
            nameless.append(body)
        else:
            single.append([body])
    waiting = [group for group in by_id.values() if _needs_result(group)]
    if len(waiting) == 1 and len(nameless) == 1:
        waiting[0].append(nameless.pop())
    return [*by_id.values(), *single, *([body] for body in nameless)]


def _needs_result(group: Sequence[_Body]) -> bool:
    return all(body.kind == "status" for body in group) and any(
        body.json["status"] == "COMPLETED" and "error" not in body.json for body in group
    )


def _captures_of(group: Sequence[_Body]) -> list[Capture]:
    """A job whose submit is unknown, as a client would have read it."""
    endpoint = next((body.endpoint for body in group if body.endpoint is not None), None)
    path = f"/{ANY_ENDPOINT if endpoint is None else endpoint.text}/requests/{group[0].id}"
    states = {state: number for number, state in enumerate(STATES)}
    ordered = sorted(
        group, key=lambda body: states[body.json["status"]] if body.kind == "status" else 9
    )
    return [_capture(body, path, number * _STEP_SECONDS) for number, body in enumerate(ordered)]


def _capture(body: _Body, path: str, at: float) -> Capture:
    json_headers = (("content-type", "application/json"),)
    headers = body.pasted.headers or json_headers
    if body.kind == "webhook":
        request = RecordedRequest(
            "POST", hosts.QUEUE, "/webhook", "", json_headers, encode(body.json)
        )
        response = RecordedResponse(200)
        return Capture(at, at, request, response, body.pasted.location, is_webhook=True)
    if body.kind == "status":
        request = RecordedRequest("GET", hosts.QUEUE, f"{path}/status", "logs=1")
        status = 200 if body.json["status"] == "COMPLETED" else 202
    else:
        request = RecordedRequest("GET", hosts.QUEUE, path)
        status = status_of(body.json) if body.kind == "error" else 200
    response = buffered_response(body.pasted.status or status, headers, body.pasted.body)
    return Capture(at, at, request, response, body.pasted.location)


def _is_event_stream(header: tuple[str, str]) -> bool:
    return header[0].lower() == "content-type" and header[1].startswith("text/event-stream")


def _add_stream(imported: ImportResult, pasted: PastedBody) -> None:
    pieces = spread_events(pasted.body, 0.0, 0.0)
    response = RecordedResponse(200, pasted.headers, pieces)
    endpoint = parse_endpoint(ANY_ENDPOINT)
    assert endpoint is not None
    try:
        reply = stream_reply(response, endpoint, {}, {}, Redactor())
    except NotRecordable as error:
        imported.unused.append(f"{pasted.location}: {error}")
        return
    imported.exchanges.append({"when": {"via": "stream"}, "reply": reply})


# One body


def _reply(body: _Body) -> Fields:
    endpoint = body.endpoint or parse_endpoint(ANY_ENDPOINT)
    assert endpoint is not None
    pasted = body.pasted
    if body.kind == "webhook":
        return _webhook_reply(body.json, endpoint)
    if body.kind == "status":
        return _status_reply(body.json, endpoint)
    if body.kind == "error":
        return _failure_reply(pasted.status or status_of(body.json), body.json, endpoint)
    reply = output_fields(body.json, endpoint, {}, "run", {})
    return {**reply, **header_fields(RecordedResponse(200, pasted.headers))}


def _webhook_reply(body: dict[str, Any], endpoint: EndpointId) -> Fields:
    payload = body.get("payload")
    if body["status"] == "OK":
        reply = output_fields(payload, endpoint, {}, "queue", {})
        if isinstance(body.get("payload_error"), str):
            reply["webhook"] = {"payload_error": body["payload_error"]}
        return reply
    failure = {"detail": body.get("error")} if payload is None else payload
    last_word = str(body.get("error", "")).rpartition(" ")[2]
    if last_word.isdigit() and 400 <= int(last_word) <= 599:
        return _failure_reply(int(last_word), failure, endpoint)
    if isinstance(body.get("error_type"), str) and isinstance(failure, dict):
        return _failure_reply(
            status_of({**failure, "error_type": body["error_type"]}), failure, endpoint
        )
    return _failure_reply(status_of(failure), failure, endpoint)


def _status_reply(body: dict[str, Any], endpoint: EndpointId) -> Fields:
    """A failed request, or one that stays in its state forever."""
    state = body["status"]
    if state == "COMPLETED":
        if not isinstance(body.get("error"), str):
            raise NotRecordable(
                "a COMPLETED status does not hold the result — import its result with it"
            )
        error_body: Fields = {"detail": body["error"]}
        if isinstance(body.get("error_type"), str):
            error_body["error_type"] = body["error_type"]
            return _failure_reply(status_of(error_body), error_body, endpoint)
        last_word = body["error"].rpartition(" ")[2]
        is_status = last_word.isdigit() and 400 <= int(last_word) <= 599
        return _failure_reply(
            int(last_word) if is_status else status_of(error_body), error_body, endpoint
        )
    step: Fields = {"forever": True}
    if state == "IN_QUEUE":
        position = body.get("queue_position")
        step = {"position": position if isinstance(position, int) and position >= 0 else 0, **step}
    return {"timeline": [{state: step}]}


def _failure_reply(status: int, body: Json, endpoint: EndpointId) -> Fields:
    response = buffered_response(status, (("content-type", "application/json"),), encode(body))
    return {"fail": failure_of(response, endpoint, None)}
