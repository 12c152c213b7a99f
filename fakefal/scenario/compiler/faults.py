"""Compiles ``faults``: words such as ``nginx-502 x2``, and mappings such as ``{reset: during}``."""

from __future__ import annotations

import math
from dataclasses import replace

from fakefal.protocol.core.call import Outcome
from fakefal.protocol.core.endpoints import EndpointId
from fakefal.protocol.core.json_codec import encode
from fakefal.protocol.core.status_phrases import reason_phrase
from fakefal.protocol.errors.catalog import find_error, mentions_call, outcome_of
from fakefal.protocol.errors.errors import failed_outcome
from fakefal.protocol.errors.fault import OPERATIONS, Cut, CutKind, CutPoint, Fault, SlowBody
from fakefal.scenario.compiled.faults import (
    HEALTHY,
    CompiledFault,
    FaultsByOperation,
    FaultSequence,
)
from fakefal.scenario.model.failure import failure_outcome
from fakefal.scenario.model.faults import (
    OK,
    CallFaults,
    FaultSpec,
    Moment,
    parse_fault,
    split_accepted,
)
from fakefal.scenario.model.fields import header_pairs

_DEFAULT_NAMES = {
    400: "bad_request",
    401: "bad_key",
    403: "exhausted_balance",
    404: "not_found",
    405: "method_not_allowed",
    413: "nginx_413",
    422: "invalid_text",
    429: "concurrent_requests_limit",
    499: "client_cancelled",
    500: "internal_error",
    502: "runner_incomplete_response",
    503: "runner_disconnected",
    504: "request_timeout",
}
"""The error that fal most often sends with a status; a fault may be a status alone."""

GARBAGE = b"\x00\xff\xfe fakefal: this is not HTTP\r\n\r\n\x80\x81"
_HUGE_BYTES = 17_000
"""More than the 16 KB that Node's HTTP parser accepts by default
(https://nodejs.org/api/cli.html#--max-http-header-sizesize)."""
_PADDING = "x-fakefal-padding"

_CONNECTION_ENDS: dict[str, tuple[CutKind, CutPoint, bool]] = {
    "reset": ("reset", "before", False),
    "close": ("close", "before", False),
    "hang": ("stall", "before", False),
    "hang-headers": ("stall", "head", True),
    "hang-during": ("stall", "body", True),
    "reset-headers": ("reset", "head", True),
    "reset-during": ("reset", "body", True),
    "reset-after": ("reset", "end", True),
    "truncate": ("close", "body", True),
}
"""By word: how the connection ends, where, and whether the request is executed."""

_ALTERATIONS: dict[str, Fault] = {
    "broken-json": Fault("", body_share=0.5),
    "empty": Fault("", body=b""),
    "garbage": Fault("", raw_response=GARBAGE, is_performed=False),
    "wrong-content-type": Fault("", content_type="text/plain; charset=utf-8"),
    "huge-headers": Fault("", headers=((_PADDING, "x" * _HUGE_BYTES),)),
    "slow": Fault("", slow_body=SlowBody(1, 0.05)),
    "unanswered": Fault("", is_unanswered=True, cut=Cut("stall", "before")),
    "too-early": Fault("", is_too_early=True),
}

_CUT_POINTS: dict[Moment, CutPoint] = {
    "before": "before",
    "accepted": "before",
    "headers": "head",
    "during": "body",
    "after": "end",
}


def compile_faults(spec: CallFaults | None) -> FaultsByOperation | None:
    """None where no operation has faults."""
    if spec is None:
        return None
    sequences: FaultsByOperation = {}
    for operation in OPERATIONS:
        faults = getattr(spec, operation, None)
        if faults:
            sequences[operation] = compile_sequence(faults)
    return sequences or None


def compile_sequence(faults: list[str | FaultSpec]) -> FaultSequence:
    """The faults of requests one after another."""
    compiled: list[CompiledFault] = []
    for fault in faults:
        compiled_fault, times = compile_fault(fault)
        if times == "always":
            return FaultSequence(tuple(compiled), compiled_fault)
        compiled += [compiled_fault] * int(times)
    return FaultSequence(tuple(compiled))


def compile_fault(fault: str | FaultSpec) -> tuple[CompiledFault, int | str]:
    """A fault, and how many requests get it: a number, or ``always``."""
    if isinstance(fault, FaultSpec):
        return _from_spec(fault), fault.times
    shorthand = parse_fault(fault)
    assert shorthand is not None, fault
    return _from_word(shorthand.word), shorthand.times


def _from_word(word: str) -> CompiledFault:
    if word == OK:
        return HEALTHY
    bare_word, is_performed = split_accepted(word)
    if bare_word in _CONNECTION_ENDS:
        kind, point, is_always_performed = _CONNECTION_ENDS[bare_word]
        return CompiledFault(
            Fault(word, is_performed=is_always_performed or is_performed, cut=Cut(kind, point))
        )
    if bare_word in _ALTERATIONS:
        return CompiledFault(replace(_ALTERATIONS[bare_word], name=word))
    return _rejection(bare_word, word, is_performed)


def _rejection(name: str, word: str, is_performed: bool) -> CompiledFault:
    """An error of the catalogue by its name, or the default error of a status code."""
    if name.isdigit():
        code = int(name)
        default_name = _DEFAULT_NAMES.get(code)
        if default_name is None:
            outcome = failed_outcome(code, {"detail": reason_phrase(code)})
            return CompiledFault(Fault(word, outcome=outcome, is_performed=is_performed))
        name = default_name
    spec = find_error(name)
    assert spec is not None, name
    fault = Fault(word, outcome=outcome_of(spec), is_performed=is_performed)
    if not mentions_call(spec):
        return CompiledFault(fault)

    def outcome_for(endpoint: EndpointId | None) -> Outcome:
        app, path = ("", "") if endpoint is None else (endpoint.app, f"/{endpoint.path}")
        return outcome_of(spec, app=app, path=path)

    return CompiledFault(fault, outcome_for)


def _from_spec(spec: FaultSpec) -> CompiledFault:
    rejection: CompiledFault | None = None
    is_performed = spec.accepted
    if spec.fail is not None:
        rejection = _from_fail(spec, is_performed)
    elif spec.status is not None and spec.status >= 400:
        rejection = _from_status(spec, spec.status, is_performed)
    if rejection is None:
        cut = _cut(spec)
        is_performed = is_performed or cut is None or cut.point != "before"
        base = Fault(_describe(spec), is_performed=is_performed, cut=cut)
        if spec.reset == "accepted" or spec.close == "accepted" or spec.hang == "accepted":
            base = replace(base, is_performed=True)
    else:
        assert rejection.fault is not None
        base = replace(rejection.fault, name=_describe(spec), cut=_cut(spec))
    padding = ((_PADDING, "x" * spec.header_bytes),) if spec.header_bytes else ()
    body = None
    if rejection is None and "body" in spec.model_fields_set:
        body = spec.body.encode() if isinstance(spec.body, str) else encode(spec.body)
    fault = replace(
        base,
        status=spec.status if rejection is None else None,
        body=body,
        headers=(*header_pairs(spec.headers), *padding),
        content_type=spec.content_type,
        removed_fields=tuple(spec.drop or ()),
        changed_fields=dict(spec.set or {}),
        delay_seconds=spec.delay or 0.0,
        slow_body=None if spec.slow is None else SlowBody(spec.slow.bytes, spec.slow.every),
        is_too_early=spec.too_early,
    )
    return CompiledFault(fault, None if rejection is None else rejection.outcome_for)


def _from_fail(spec: FaultSpec, is_performed: bool) -> CompiledFault:
    if isinstance(spec.fail, str):
        return _rejection(spec.fail, spec.fail, is_performed)
    assert spec.fail is not None
    return CompiledFault(Fault("", outcome=failure_outcome(spec.fail), is_performed=is_performed))


def _from_status(spec: FaultSpec, status: int, is_performed: bool) -> CompiledFault:
    """A status without a body gets the body of its default error."""
    if "body" not in spec.model_fields_set:
        return _rejection(str(status), str(status), is_performed)
    body = spec.body.encode() if isinstance(spec.body, str) else spec.body
    return CompiledFault(Fault("", outcome=failed_outcome(status, body), is_performed=is_performed))


def _cut(spec: FaultSpec) -> Cut | None:
    if spec.truncate is not None:
        return Cut("close", "body", body_share=spec.truncate)
    if spec.cut is not None:
        seconds = math.inf if spec.cut.for_ is None else spec.cut.for_
        return Cut(spec.cut.how, "body", event_count=spec.cut.after, stall_seconds=seconds)
    if spec.reset is not None:
        return Cut("reset", _CUT_POINTS[spec.reset])
    if spec.close is not None:
        point = _CUT_POINTS[spec.close]
        return Cut("close", point, close_code=spec.code or 0, reason=spec.reason or "")
    if spec.hang is not None:
        seconds = math.inf if spec.for_ is None else spec.for_
        return Cut("stall", _CUT_POINTS[spec.hang], stall_seconds=seconds)
    return None


def _describe(spec: FaultSpec) -> str:
    """The fault's name in the journal: its fields, with the values that are short."""
    parts = []
    for name, value in spec.model_dump(by_alias=True, exclude_unset=True).items():
        if name != "times":
            parts.append(f"{name} {value}" if isinstance(value, (str, int, float)) else name)
    return ", ".join(parts)
