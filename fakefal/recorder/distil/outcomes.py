"""Recorded answers as outcomes: the name of the catalogue, or what they were."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fakefal.protocol.core import headers as names
from fakefal.protocol.core.call import Call, FailsAt, Json, Outcome, Via
from fakefal.protocol.core.compat_flags import CompatFlags
from fakefal.protocol.core.endpoints import EndpointId
from fakefal.protocol.core.json_codec import encode
from fakefal.protocol.errors.catalog import CATALOG, outcome_of
from fakefal.protocol.llm.endpoints import llm_api_of
from fakefal.recorder.capture.captures import RecordedResponse
from fakefal.recorder.distil.literals import expression, literal
from fakefal.scenario.compiler.reply import compile_reply
from fakefal.scenario.model.failure import FailSpec, failure_outcome
from fakefal.scenario.model.scenario import Reply
from fakefal.scenario.render.outcome import render_outcome
from fakefal.scenario.templates.templates import has_template
from fakefal.scenario.values.seeded import canonical_json

Fields = dict[str, Any]
"""Fields of a reply, as a file holds them."""

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
"""Headers that fakefal gives by itself, or that mean nothing to a caller."""


class NotRecordable(ValueError):
    """An answer that a scenario cannot give; the text says why."""


def header_fields(response: RecordedResponse) -> Fields:
    """``headers`` and ``billable_units`` of an answer: those that mean something to a caller."""
    headers = {
        lowered: value
        for name, value in response.headers
        if (lowered := name.lower()).startswith("x-")
        and lowered not in _IGNORED_HEADERS
        and lowered not in names.CREDENTIALS
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
    """The outcome of a call that succeeded; raises Unusable for an answer that is not JSON."""
    try:
        body = response.json()
    except ValueError:
        kind = response.content_type or "no content type"
        raise NotRecordable(f"the answer is {kind}, and no JSON") from None
    return output_fields(body, endpoint, input_, via, files)


def output_fields(
    body: Json, endpoint: EndpointId, input_: Json, via: Via, files: Mapping[str, str]
) -> Fields:
    """An output: as text where a language model would answer it in the same words."""
    if llm_api_of(endpoint) is not None and isinstance(body, dict):
        fields = completion_fields(body)
        if fields and renders_output(fields, body, endpoint, input_, via):
            return fields
    return {"output": literal(body, files)}


def completion_fields(body: dict[str, Json]) -> Fields:
    """A language model's output as ``text``, ``reasoning`` and ``error``; empty if it is none."""
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
    """Whether a reply of these fields answers exactly this."""
    plan = compile_reply(Reply.model_validate(fields))
    call = Call(endpoint, via, input_)
    ending = render_outcome(plan, call, "recorded", 1, 0, CompatFlags())
    return encode(ending.outcome.body) == encode(body) and ending.outcome.is_success


def failure_of(
    response: RecordedResponse, endpoint: EndpointId, moment: FailsAt | None
) -> str | Fields:
    """A failure: a name of the catalogue, a model error's parts, or its status and body.

    ``moment`` is where a queued call met it; None is a direct call. Raises Unusable for one that
    no reply can have.
    """
    body = _body_of(response)
    for entry in CATALOG.values():
        outcome = outcome_of(entry, app=endpoint.app, path=f"/{endpoint.path}")
        if _is_same_failure(outcome, response.status, body) and moment in (None, outcome.fails_at):
            return entry.name.replace("_", "-") if entry.kind == "ingress" else entry.name
    if moment != "submit":
        for spec in (
            *_model_error_specs(response.status, body),
            *_request_error_specs(response.status, body),
        ):
            if _is_same_failure(
                failure_outcome(FailSpec.model_validate(spec)), response.status, body
            ):
                return {name: literal(value) for name, value in spec.items()}
    if not 400 <= response.status <= 599:
        raise NotRecordable(f"{response.status} is no failure that a reply can have")
    fields: Fields = {"status": response.status, "body": literal(body)}
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
    return not isinstance(outcome.body, bytes) and canonical_json(outcome.body) == canonical_json(
        body
    )


def _model_error_specs(status: int, body: Json) -> list[Fields]:
    """The parts of a model error; empty for a body that is none."""
    items = body.get("detail") if isinstance(body, dict) else None
    if not isinstance(items, list) or len(items) != 1 or not isinstance(items[0], dict):
        return []
    item = items[0]
    if not isinstance(item.get("type"), str):
        return []
    parts: Fields = {"type": item["type"]}
    parts |= {name: item[name] for name in ("loc", "msg", "ctx", "input") if name in item}
    entry = CATALOG.get(item["type"])
    if entry is not None and entry.kind == "model" and parts.get("msg") == entry.message:
        del parts["msg"]
    default_status = entry.status if entry is not None and entry.kind == "model" else 422
    if status != default_status:
        parts["status"] = status
    has_valid_fields = isinstance(parts.get("loc", []), list) and isinstance(
        parts.get("ctx", {}), dict
    )
    has_text_message = isinstance(parts.get("msg", ""), str)
    has_valid_loc = all(
        isinstance(part, (str, int)) and part is not True for part in parts.get("loc", [])
    )
    return (
        [parts]
        if has_valid_fields and has_text_message and has_valid_loc and 400 <= status <= 599
        else []
    )


def _request_error_specs(status: int, body: Json) -> list[Fields]:
    if not isinstance(body, dict) or body.keys() != {"detail", "error_type"}:
        return []
    if not all(isinstance(value, str) for value in body.values()) or not 400 <= status <= 599:
        return []
    parts: Fields = {"error_type": body["error_type"], "detail": body["detail"]}
    entry = CATALOG.get(body["error_type"])
    if entry is None or entry.kind != "request" or entry.status != status:
        parts["status"] = status
    return [parts]


def _escape_template(text: str) -> str:
    return expression(text) if has_template(text) else text
