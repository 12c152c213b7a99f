"""Recorded answers as outcomes: the name of the catalogue, or what they were."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fakefal.protocol.core import headers as names
from fakefal.protocol.core.call import Call, Json, Moment, Outcome, Via
from fakefal.protocol.core.compat_flags import Switches
from fakefal.protocol.core.endpoints import EndpointId
from fakefal.protocol.core.json_codec import encode
from fakefal.protocol.errors.catalog import CATALOGUE, outcome_of
from fakefal.protocol.llm.endpoints import variant_of
from fakefal.recorder.capture.captures import Heard
from fakefal.recorder.distil.literals import expression, literal
from fakefal.scenario.compiler.reply import compile_reply
from fakefal.scenario.model.failure import FailSpec, spelled_failure
from fakefal.scenario.model.scenario import Reply
from fakefal.scenario.render.outcome import ending_of
from fakefal.scenario.templates.templates import has_template
from fakefal.scenario.values.seeded import canonical

Fields = dict[str, Any]
"""Fields of a reply, as a file holds them."""

_USUAL = frozenset(
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


class Unusable(ValueError):
    """An answer that a scenario cannot give; the text says why."""


def told_headers(heard: Heard) -> Fields:
    """``headers`` and ``billable_units`` of an answer: those that mean something to a caller."""
    kept = {
        lowered: value
        for name, value in heard.headers
        if (lowered := name.lower()).startswith("x-")
        and lowered not in _USUAL
        and lowered not in names.CREDENTIALS
        and not lowered.startswith(("x-fal-webhook-", "x-amz-", "x-envoy-", "x-goog-"))
    }
    found: Fields = {}
    if kept:
        found["headers"] = {name: _plain(kept[name]) for name in sorted(kept)}
    units = heard.header(names.BILLABLE_UNITS)
    if units:
        try:
            number = float(units)
        except ValueError:
            return found
        if number >= 0:
            found["billable_units"] = int(number) if number.is_integer() else number
    return found


def success(
    heard: Heard, endpoint: EndpointId, given: Json, via: Via, files: Mapping[str, str]
) -> Fields:
    """The outcome of a call that succeeded; raises Unusable for an answer that is not JSON."""
    try:
        body = heard.json()
    except ValueError:
        kind = heard.content_type or "no content type"
        raise Unusable(f"the answer is {kind}, and no JSON") from None
    return output(body, endpoint, given, via, files)


def output(
    body: Json, endpoint: EndpointId, given: Json, via: Via, files: Mapping[str, str]
) -> Fields:
    """An output: as text where a language model would answer it in the same words."""
    if variant_of(endpoint) is not None and isinstance(body, dict):
        told = worded(body)
        if told and same_output(told, body, endpoint, given, via):
            return told
    return {"output": literal(body, files)}


def worded(body: dict[str, Json]) -> Fields:
    """A language model's output as ``text``, ``reasoning`` and ``error``; empty if it is none."""
    told = {
        name: body[field]
        for name, field in (("text", "output"), ("reasoning", "reasoning"), ("error", "error"))
        if body.get(field) is not None
    }
    if "text" not in told or not all(isinstance(value, str) for value in told.values()):
        return {}
    return {name: _plain(value) for name, value in told.items()}


def same_output(fields: Fields, body: Json, endpoint: EndpointId, given: Json, via: Via) -> bool:
    """Whether a reply of these fields answers exactly this."""
    plan = compile_reply(Reply.model_validate(fields))
    call = Call(endpoint, via, given)
    ending = ending_of(plan, call, "recorded", 1, 0, Switches())
    return encode(ending.outcome.body) == encode(body) and ending.outcome.is_success


def failing(heard: Heard, endpoint: EndpointId, moment: Moment | None) -> str | Fields:
    """A failure: a name of the catalogue, a model error's parts, or its status and body.

    ``moment`` is where a queued call met it; None is a direct call. Raises Unusable for one that
    no reply can have.
    """
    body = _body(heard)
    for entry in CATALOGUE.values():
        known = outcome_of(entry, app=endpoint.app, path=f"/{endpoint.path}")
        if _same(known, heard.status, body) and moment in (None, known.moment):
            return entry.name.replace("_", "-") if entry.kind == "ingress" else entry.name
    if moment != "submit":
        for spec in (*_model_error(heard.status, body), *_request_error(heard.status, body)):
            if _same(spelled_failure(FailSpec.model_validate(spec)), heard.status, body):
                return {name: literal(value) for name, value in spec.items()}
    if not 400 <= heard.status <= 599:
        raise Unusable(f"{heard.status} is no failure that a reply can have")
    found: Fields = {"status": heard.status, "body": literal(body)}
    if told := told_headers(heard).get("headers"):
        found["headers"] = told
    return found


def _body(heard: Heard) -> Json:
    try:
        return heard.json()
    except ValueError:
        return heard.body.decode("utf-8", "replace")


def _same(known: Outcome, status: int, body: Json) -> bool:
    if known.status != status:
        return False
    if isinstance(body, str):
        return known.payload == body.encode()
    return not isinstance(known.body, bytes) and canonical(known.body) == canonical(body)


def _model_error(status: int, body: Json) -> list[Fields]:
    """The parts of a model error; empty for a body that is none."""
    items = body.get("detail") if isinstance(body, dict) else None
    if not isinstance(items, list) or len(items) != 1 or not isinstance(items[0], dict):
        return []
    item = items[0]
    if not isinstance(item.get("type"), str):
        return []
    parts: Fields = {"type": item["type"]}
    parts |= {name: item[name] for name in ("loc", "msg", "ctx", "input") if name in item}
    entry = CATALOGUE.get(item["type"])
    if entry is not None and entry.kind == "model" and parts.get("msg") == entry.message:
        del parts["msg"]
    usual = entry.status if entry is not None and entry.kind == "model" else 422
    if status != usual:
        parts["status"] = status
    valid = isinstance(parts.get("loc", []), list) and isinstance(parts.get("ctx", {}), dict)
    texts = isinstance(parts.get("msg", ""), str)
    locs = all(isinstance(it, (str, int)) and it is not True for it in parts.get("loc", []))
    return [parts] if valid and texts and locs and 400 <= status <= 599 else []


def _request_error(status: int, body: Json) -> list[Fields]:
    if not isinstance(body, dict) or body.keys() != {"detail", "error_type"}:
        return []
    if not all(isinstance(value, str) for value in body.values()) or not 400 <= status <= 599:
        return []
    parts: Fields = {"error_type": body["error_type"], "detail": body["detail"]}
    entry = CATALOGUE.get(body["error_type"])
    if entry is None or entry.kind != "request" or entry.status != status:
        parts["status"] = status
    return [parts]


def _plain(text: str) -> str:
    return expression(text) if has_template(text) else text
