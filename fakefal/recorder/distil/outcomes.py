"""Recorded responses as outcomes of a reply: a name of the error catalog, or the body itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fakefal.credentials.names import is_secret
from fakefal.protocol.core import headers as names
from fakefal.protocol.core.call import Call, FailsAt, Json, Outcome, Via
from fakefal.protocol.core.compat_flags import CompatFlags
from fakefal.protocol.core.endpoints import EndpointId
from fakefal.protocol.core.json_codec import encode
from fakefal.protocol.errors.catalog import CATALOG, outcome_of
from fakefal.protocol.errors.errors import DOCS_URL
from fakefal.recorder.capture.captures import RecordedResponse
from fakefal.recorder.distil.literals import expression, literal
from fakefal.scenario.compiler.reply import compile_reply
from fakefal.scenario.model.failure import FailSpec, failure_outcome
from fakefal.scenario.model.reply import Reply
from fakefal.scenario.render.outcome import render_outcome
from fakefal.scenario.templates.templates import has_template
from fakefal.scenario.values.seeded import canonical_json

Fields = dict[str, Any]
"""Fields of a reply as in a scenario file."""

_IGNORED_HEADERS = frozenset(
    {
        names.REQUEST_ID,
        names.BILLABLE_UNITS,
        names.HINT,
        "x-accel-buffering",
        "x-powered-by",
        "x-content-type-options",
        "x-frame-options",
        "x-xss-protection",
        *(name.lower() for name in (names.ERROR_TYPE, names.RETRYABLE, names.NEEDS_RETRY)),
    }
)
"""Headers that fakefal adds itself, or that no client reads."""


class NotRecordable(ValueError):
    """A response that no scenario can reproduce; the text says why."""


def header_fields(response: RecordedResponse) -> Fields:
    """``headers`` and ``billable_units`` of a reply, from the response's ``x-`` headers."""
    headers = {
        lowered: value
        for name, value in response.headers
        if (lowered := name.lower()).startswith("x-")
        and lowered not in _IGNORED_HEADERS
        and not is_secret(name, value)
        and not lowered.startswith(("x-fal-webhook-", "x-amz-", "x-envoy-", "x-goog-"))
    }
    fields: Fields = {}
    if headers:
        fields["headers"] = {name: _escape_template(headers[name]) for name in sorted(headers)}
    units = response.header(names.BILLABLE_UNITS)
    if units:
        try:
            number = float(units)
        except ValueError:
            return fields
        if number >= 0:
            fields["billable_units"] = int(number) if number.is_integer() else number
    return fields


def success_fields(
    response: RecordedResponse,
    endpoint: EndpointId,
    input_: Json,
    via: Via,
    files: Mapping[str, str],
) -> Fields:
    """The outcome of a successful call; raises NotRecordable if the response is not JSON."""
    try:
        body = response.json()
    except ValueError:
        kind = response.content_type or "no content type"
        raise NotRecordable(f"the response is {kind}, not JSON") from None
    return output_fields(body, endpoint, input_, via, files)


def output_fields(
    body: Json, endpoint: EndpointId, input_: Json, via: Via, files: Mapping[str, str]
) -> Fields:
    """An output: as ``text`` if an LLM reply renders the same bytes, else as ``output``."""
    if endpoint.llm_api is not None and isinstance(body, dict):
        fields = completion_fields(body)
        if fields and renders_output(fields, body, endpoint, input_, via):
            return fields
    return {"output": literal(body, files)}


def completion_fields(body: dict[str, Json]) -> Fields:
    """A language model's output as ``text``, ``reasoning`` and ``error``; {} if it has no text."""
    fields = {
        name: body[field]
        for name, field in (("text", "output"), ("reasoning", "reasoning"), ("error", "error"))
        if body.get(field) is not None
    }
    if "text" not in fields or not all(isinstance(value, str) for value in fields.values()):
        return {}
    return {name: _escape_template(value) for name, value in fields.items()}


def renders_output(
    fields: Fields, body: Json, endpoint: EndpointId, input_: Json, via: Via
) -> bool:
    """Whether a reply with these fields renders exactly this body."""
    reply = compile_reply(Reply.model_validate(fields))
    call = Call(endpoint, via, input_)
    outcome = render_outcome(reply, call, "recorded", 1, 0, CompatFlags()).outcome
    return encode(outcome.body) == encode(body) and outcome.is_success


def failure_of(
    response: RecordedResponse, endpoint: EndpointId, fails_at: FailsAt | None
) -> str | Fields:
    """The value of ``fail``: a name of the catalog, fields of a model error, or status and body.

    ``fails_at`` None is a direct call. Raises NotRecordable if no reply can fail like that.
    """
    status, body = response.status, _body_of(response)
    for error in CATALOG.values():
        if error.kind == "model":
            continue  # below, as a reply that only names it adds the input of the call
        outcome = outcome_of(error, app=endpoint.app, path=f"/{endpoint.path}")
        if _is_same_failure(outcome, status, body) and fails_at in (None, outcome.fails_at):
            return error.name.replace("_", "-") if error.kind == "ingress" else error.name
    if fails_at != "submit":
        for spec in (*_model_error_specs(status, body), *_request_error_specs(status, body)):
            outcome = failure_outcome(FailSpec.model_validate(spec))
            if _is_same_failure(outcome, status, body):
                return {name: literal(value) for name, value in spec.items()}
    if not 400 <= status <= 599:
        raise NotRecordable(f"a reply cannot fail with status {status}, only with 400 to 599")
    fields: Fields = {"status": status, "body": literal(body)}
    if headers := header_fields(response).get("headers"):
        fields["headers"] = headers
    return fields


def _body_of(response: RecordedResponse) -> Json:
    try:
        return response.json()
    except ValueError:
        return response.body.decode("utf-8", "replace")


def _is_same_failure(outcome: Outcome, status: int, body: Json) -> bool:
    if outcome.status != status:
        return False
    if isinstance(body, str):
        return outcome.payload == body.encode()
    if isinstance(outcome.body, bytes):
        return False
    return canonical_json(outcome.body) == canonical_json(body)


def _model_error_specs(status: int, body: Json) -> list[Fields]:
    """The fields of a model error, as a list of at most one."""
    items = body.get("detail") if isinstance(body, dict) else None
    if not isinstance(items, list) or len(items) != 1 or not isinstance(items[0], dict):
        return []
    item = items[0]
    if not isinstance(item.get("type"), str) or "input" not in item:
        return []
    parts: Fields = {"type": item["type"]}
    parts |= {name: item[name] for name in ("loc", "msg", "ctx", "input", "url") if name in item}
    if parts.get("url") == f"{DOCS_URL}{item['type']}":
        del parts["url"]
    error = CATALOG.get(item["type"])
    is_model_error = error is not None and error.kind == "model"
    if error is not None and is_model_error and parts.get("msg") == error.message:
        del parts["msg"]
    default_status = error.status if error is not None and is_model_error else 422
    if status != default_status:
        parts["status"] = status
    loc = parts.get("loc", [])
    is_valid = (
        isinstance(loc, list)
        and all(isinstance(part, (str, int)) and part is not True for part in loc)
        and isinstance(parts.get("ctx", {}), dict)
        and isinstance(parts.get("msg", ""), str)
        and isinstance(parts.get("url", ""), str)
        and 400 <= status <= 599
    )
    return [parts] if is_valid else []


def _request_error_specs(status: int, body: Json) -> list[Fields]:
    if not isinstance(body, dict) or body.keys() != {"detail", "error_type"}:
        return []
    if not all(isinstance(value, str) for value in body.values()) or not 400 <= status <= 599:
        return []
    parts: Fields = {"error_type": body["error_type"], "detail": body["detail"]}
    error = CATALOG.get(body["error_type"])
    if error is None or error.kind != "request" or error.status != status:
        parts["status"] = status
    return [parts]


def _escape_template(text: str) -> str:
    return expression(text) if has_template(text) else text
