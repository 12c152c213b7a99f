"""Imports a single JSON body of a status, a result or a webhook."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from fakefal.protocol.core.call import Json
from fakefal.protocol.core.endpoints import EndpointId, parse_endpoint
from fakefal.protocol.core.json_codec import encode
from fakefal.recorder.capture.captures import buffered_response
from fakefal.recorder.distil.outcomes import NotRecordable, failure_of, output_fields
from fakefal.recorder.importers.foreign import Fields, ImportResult, NotThisFormat

_ANY_ENDPOINT = "any/app"


def read_body(text: str, file: str) -> ImportResult:
    """An exchange that ends as the body does, for any input; raises NotThisFormat.

    The endpoint is that in the body's ``response_url``; without one it matches every endpoint.
    """
    try:
        body = json.loads(text)
    except ValueError as error:
        raise NotThisFormat(f"not JSON ({error})") from None
    endpoint = _endpoint_of(body)
    imported = ImportResult()
    try:
        reply = _reply(body, endpoint or parse_endpoint(_ANY_ENDPOINT))
    except NotRecordable as error:
        imported.unused.append(f"{file}: {error}")
        return imported
    when = {} if endpoint is None else {"endpoint": f"{endpoint.app}*"}
    imported.exchanges.append({"when": when, "reply": reply})
    return imported


def _endpoint_of(body: Json) -> EndpointId | None:
    url = body.get("response_url") if isinstance(body, dict) else None
    if not isinstance(url, str):
        return None
    return parse_endpoint(urlsplit(url).path.partition("/requests/")[0])


def _reply(body: Json, endpoint: EndpointId | None) -> Fields:
    assert endpoint is not None
    if isinstance(body, dict) and "payload" in body and body.get("status") in ("OK", "ERROR"):
        return _webhook_reply(body, endpoint)
    if isinstance(body, dict) and body.get("status") in ("IN_QUEUE", "IN_PROGRESS", "COMPLETED"):
        return _status_reply(body, endpoint)
    if isinstance(body, dict) and "detail" in body:
        return _failure_reply(_status_of(body), body, endpoint)
    return output_fields(body, endpoint, {}, "run", {})


def _webhook_reply(body: dict[str, Any], endpoint: EndpointId) -> Fields:
    if body["status"] == "OK":
        reply = output_fields(body["payload"], endpoint, {}, "queue", {})
        if isinstance(body.get("payload_error"), str):
            reply["webhook"] = {"payload_error": body["payload_error"]}
        return reply
    last_word = str(body.get("error", "")).rpartition(" ")[2]
    code = int(last_word) if last_word.isdigit() and 400 <= int(last_word) <= 599 else 500
    payload = body["payload"]
    return _failure_reply(
        code, {"detail": body.get("error")} if payload is None else payload, endpoint
    )


def _status_reply(body: dict[str, Any], endpoint: EndpointId) -> Fields:
    """A failed request, or one that stays in its state forever."""
    state = body["status"]
    if state == "COMPLETED":
        if not isinstance(body.get("error"), str):
            raise NotRecordable(
                "a COMPLETED status does not hold the result — import the result instead"
            )
        error_type = body.get("error_type")
        error_body: Fields = {"detail": body["error"]}
        if isinstance(error_type, str):
            return _failure_reply(
                _status_of(error_body | {"error_type": error_type}),
                {**error_body, "error_type": error_type},
                endpoint,
            )
        last_word = body["error"].rpartition(" ")[2]
        return _failure_reply(int(last_word) if last_word.isdigit() else 500, error_body, endpoint)
    step: Fields = {"forever": True}
    if state == "IN_QUEUE":
        step = {"position": body.get("queue_position") or 0, **step}
    return {"timeline": [{state: step}]}


def _failure_reply(status: int, body: Json, endpoint: EndpointId) -> Fields:
    response = buffered_response(status, (("content-type", "application/json"),), encode(body))
    return {"fail": failure_of(response, endpoint, "result")}


def _status_of(body: dict[str, Any]) -> int:
    """The HTTP status that belongs to an error body, by its error types."""
    from fakefal.protocol.errors.catalog import find_error

    error_types = [body.get("error_type"), body.get("type")]
    detail = body.get("detail")
    if isinstance(detail, list) and detail and isinstance(detail[0], dict):
        error_types.append(detail[0].get("type"))
    for error_type in error_types:
        spec = find_error(error_type) if isinstance(error_type, str) else None
        if spec is not None:
            return spec.status
    return 422 if isinstance(detail, list) else 500
