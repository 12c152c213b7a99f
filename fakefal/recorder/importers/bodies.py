"""A pasted JSON body, of a status, a result or a webhook, as an exchange that ends like it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from fakefal.protocol.core.call import Json
from fakefal.protocol.core.endpoints import EndpointId, parse_endpoint
from fakefal.protocol.core.json_codec import encode
from fakefal.recorder.capture.captures import whole
from fakefal.recorder.distil.outcomes import Unusable, failing, output
from fakefal.recorder.importers.foreign import Fields, Imported, NotThisFormat

_ANY = "any/app"


def read_body(text: str, file: str) -> Imported:
    """An exchange that answers any call as the body tells; raises NotThisFormat.

    A status names its endpoint by its URLs; what names none answers every endpoint.
    """
    try:
        body = json.loads(text)
    except ValueError as error:
        raise NotThisFormat(f"it is no JSON ({error})") from None
    endpoint = _named(body)
    imported = Imported()
    try:
        reply = _reply(body, endpoint or parse_endpoint(_ANY))
    except Unusable as error:
        imported.unused.append(f"{file}: {error}")
        return imported
    when = {} if endpoint is None else {"endpoint": f"{endpoint.app}*"}
    imported.exchanges.append({"when": when, "reply": reply})
    return imported


def _named(body: Json) -> EndpointId | None:
    url = body.get("response_url") if isinstance(body, dict) else None
    if not isinstance(url, str):
        return None
    return parse_endpoint(urlsplit(url).path.partition("/requests/")[0])


def _reply(body: Json, endpoint: EndpointId | None) -> Fields:
    assert endpoint is not None
    if isinstance(body, dict) and "payload" in body and body.get("status") in ("OK", "ERROR"):
        return _webhook(body, endpoint)
    if isinstance(body, dict) and body.get("status") in ("IN_QUEUE", "IN_PROGRESS", "COMPLETED"):
        return _status(body, endpoint)
    if isinstance(body, dict) and "detail" in body:
        return _failure(_status_of(body), body, endpoint)
    return output(body, endpoint, {}, "run", {})


def _webhook(body: dict[str, Any], endpoint: EndpointId) -> Fields:
    if body["status"] == "OK":
        reply = output(body["payload"], endpoint, {}, "queue", {})
        if isinstance(body.get("payload_error"), str):
            reply["webhook"] = {"payload_error": body["payload_error"]}
        return reply
    last = str(body.get("error", "")).rpartition(" ")[2]
    code = int(last) if last.isdigit() and 400 <= int(last) <= 599 else 500
    payload = body["payload"]
    return _failure(code, {"detail": body.get("error")} if payload is None else payload, endpoint)


def _status(body: dict[str, Any], endpoint: EndpointId) -> Fields:
    """A request that is over in a failure, or one that never gets any further."""
    state = body["status"]
    if state == "COMPLETED":
        if not isinstance(body.get("error"), str):
            raise Unusable("the status says that it is over, and not how: paste the result")
        word = body.get("error_type")
        flat: Fields = {"detail": body["error"]}
        if isinstance(word, str):
            return _failure(
                _status_of(flat | {"error_type": word}), {**flat, "error_type": word}, endpoint
            )
        last = body["error"].rpartition(" ")[2]
        return _failure(int(last) if last.isdigit() else 500, flat, endpoint)
    step: Fields = {"forever": True}
    if state == "IN_QUEUE":
        step = {"position": body.get("queue_position") or 0, **step}
    return {"timeline": [{state: step}]}


def _failure(status: int, body: Json, endpoint: EndpointId) -> Fields:
    heard = whole(status, (("content-type", "application/json"),), encode(body))
    return {"fail": failing(heard, endpoint, "result")}


def _status_of(body: dict[str, Any]) -> int:
    """The HTTP status of an error body, which the body itself does not tell."""
    from fakefal.protocol.errors.catalog import find_entry

    words = [body.get("error_type"), body.get("type")]
    detail = body.get("detail")
    if isinstance(detail, list) and detail and isinstance(detail[0], dict):
        words.append(detail[0].get("type"))
    for word in words:
        entry = find_entry(word) if isinstance(word, str) else None
        if entry is not None:
            return entry.status
    return 422 if isinstance(detail, list) else 500
