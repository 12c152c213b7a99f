"""Faults made ready: each as the Trouble that it is, and the turns in which they come."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from fakefal.protocol.core.call import Outcome
from fakefal.protocol.core.endpoints import EndpointId
from fakefal.protocol.core.json_codec import encode
from fakefal.protocol.core.status_phrases import reason_of
from fakefal.protocol.errors.catalog import find_entry, names_call, outcome_of
from fakefal.protocol.errors.errors import failure
from fakefal.protocol.errors.fault import OPERATIONS, Cut, Drip, How, Operation, Trouble, Where
from fakefal.scenario.model.failure import spelled_failure
from fakefal.scenario.model.faults import OK, CallFaults, FaultSpec, Moment, bare_word, read_word

_USUAL = {
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
"""What a bare status code stands for."""

GARBAGE = b"\x00\xff\xfe fakefal: this is not HTTP\r\n\r\n\x80\x81"
_HUGE_BYTES = 17_000
_PADDING = "x-fakefal-padding"

_ENDS: dict[str, tuple[How, Where, bool]] = {
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

_WHERE: dict[Moment, Where] = {
    "before": "before",
    "accepted": "before",
    "headers": "head",
    "during": "body",
    "after": "end",
}


@dataclass(frozen=True, slots=True)
class Turn:
    """A fault as it is used. ``refused`` is for a refusal whose text names what was asked for.

    ``trouble`` tells one from another: ``refused`` follows from it, and no two functions are equal.
    """

    trouble: Trouble | None
    refused: Callable[[EndpointId | None], Outcome] | None = field(default=None, compare=False)

    def meet(self, endpoint: EndpointId | None) -> Trouble | None:
        """The trouble as it comes to a request of an endpoint."""
        if self.refused is None or self.trouble is None:
            return self.trouble
        return replace(self.trouble, refusal=self.refused(endpoint))


HEALTHY = Turn(None)


@dataclass(frozen=True, slots=True)
class Turns:
    """Faults in the order of their use; ``rest`` follows for ever."""

    turns: tuple[Turn, ...]
    rest: Turn = HEALTHY

    def at(self, number: int) -> Turn:
        """The fault that the request meets which comes after ``number`` others."""
        return self.turns[number] if number < len(self.turns) else self.rest


Faults = dict[Operation, Turns]


def compile_faults(spec: CallFaults | None) -> Faults | None:
    """Faults made ready; None where there are none."""
    if spec is None:
        return None
    found: Faults = {}
    for operation in OPERATIONS:
        entries = getattr(spec, operation, None)
        if entries:
            found[operation] = _turns(entries)
    return found or None


def _turns(entries: list[str | FaultSpec]) -> Turns:
    turns: list[Turn] = []
    for entry in entries:
        turn, times = compile_fault(entry)
        if times == "always":
            return Turns(tuple(turns), turn)
        turns += [turn] * int(times)
    return Turns(tuple(turns))


def compile_fault(entry: str | FaultSpec) -> tuple[Turn, int | str]:
    """A fault made ready, and how often it comes."""
    if isinstance(entry, FaultSpec):
        return _spelled(entry), entry.times
    written = read_word(entry)
    assert written is not None, entry
    return _worded(written.word), written.times


def _worded(word: str) -> Turn:
    if word == OK:
        return HEALTHY
    bare, is_performed = bare_word(word)
    if bare in _ENDS:
        how, where, performed = _ENDS[bare]
        return Turn(Trouble(word, is_performed=performed or is_performed, cut=Cut(how, where)))
    if bare in _ALTERED:
        return Turn(replace(_ALTERED[bare], name=word))
    return _refusal(bare, word, is_performed)


_ALTERED: dict[str, Trouble] = {
    "broken-json": Trouble("", kept=0.5),
    "empty": Trouble("", body=b""),
    "garbage": Trouble("", raw=GARBAGE, is_performed=False),
    "wrong-content-type": Trouble("", content_type="text/plain; charset=utf-8"),
    "huge-headers": Trouble("", headers=((_PADDING, "x" * _HUGE_BYTES),)),
    "slow": Trouble("", drip=Drip(1, 0.05)),
    "unanswered": Trouble("", is_unanswered=True, cut=Cut("stall", "before")),
    "too-early": Trouble("", is_too_early=True),
}


def _refusal(name: str, word: str, is_performed: bool) -> Turn:
    """A failure of the catalogue, or the usual one of a status code."""
    if name.isdigit():
        code = int(name)
        usual = _USUAL.get(code)
        if usual is None:
            outcome = failure(code, {"detail": reason_of(code)})
            return Turn(Trouble(word, refusal=outcome, is_performed=is_performed))
        name = usual
    entry = find_entry(name)
    assert entry is not None, name
    trouble = Trouble(word, refusal=outcome_of(entry), is_performed=is_performed)
    if not names_call(entry):
        return Turn(trouble)

    def refused(endpoint: EndpointId | None) -> Outcome:
        app, path = ("", "") if endpoint is None else (endpoint.app, f"/{endpoint.path}")
        return outcome_of(entry, app=app, path=path)

    return Turn(trouble, refused)


def _spelled(spec: FaultSpec) -> Turn:
    refused: Turn | None = None
    is_performed = spec.accepted
    if spec.fail is not None:
        refused = _failing(spec, is_performed)
    elif spec.status is not None and spec.status >= 400:
        refused = _status(spec, spec.status, is_performed)
    if refused is None:
        cut = _cut(spec)
        is_performed = is_performed or cut is None or cut.where != "before"
        base = Trouble(_told(spec), is_performed=is_performed, cut=cut)
        if spec.reset == "accepted" or spec.close == "accepted" or spec.hang == "accepted":
            base = replace(base, is_performed=True)
    else:
        assert refused.trouble is not None
        base = replace(refused.trouble, name=_told(spec), cut=_cut(spec))
    padding = ((_PADDING, "x" * spec.header_bytes),) if spec.header_bytes else ()
    body = None
    if refused is None and "body" in spec.model_fields_set:
        body = spec.body.encode() if isinstance(spec.body, str) else encode(spec.body)
    trouble = replace(
        base,
        status=spec.status if refused is None else None,
        body=body,
        headers=(*spec.headers.items(), *padding),
        content_type=spec.content_type,
        dropped=tuple(spec.drop or ()),
        changed=dict(spec.set or {}),
        delay_seconds=spec.delay or 0.0,
        drip=None if spec.slow is None else Drip(spec.slow.bytes, spec.slow.every),
        is_too_early=spec.too_early,
    )
    return Turn(trouble, None if refused is None else refused.refused)


def _failing(spec: FaultSpec, is_performed: bool) -> Turn:
    if isinstance(spec.fail, str):
        return _refusal(spec.fail, spec.fail, is_performed)
    assert spec.fail is not None
    return Turn(Trouble("", refusal=spelled_failure(spec.fail), is_performed=is_performed))


def _status(spec: FaultSpec, status: int, is_performed: bool) -> Turn:
    """A status alone has its usual body; one with a body has that."""
    if "body" not in spec.model_fields_set:
        return _refusal(str(status), str(status), is_performed)
    body = spec.body.encode() if isinstance(spec.body, str) else spec.body
    return Turn(Trouble("", refusal=failure(status, body), is_performed=is_performed))


def _cut(spec: FaultSpec) -> Cut | None:
    if spec.truncate is not None:
        return Cut("close", "body", share=spec.truncate)
    if spec.cut is not None:
        how: How = spec.cut.how
        seconds = math.inf if spec.cut.for_ is None else spec.cut.for_
        return Cut(how, "body", events=spec.cut.after, seconds=seconds)
    if spec.reset is not None:
        return Cut("reset", _WHERE[spec.reset])
    if spec.close is not None:
        return Cut("close", _WHERE[spec.close], code=spec.code or 0, reason=spec.reason or "")
    if spec.hang is not None:
        seconds = math.inf if spec.for_ is None else spec.for_
        return Cut("stall", _WHERE[spec.hang], seconds=seconds)
    return None


def _told(spec: FaultSpec) -> str:
    """A spelled-out fault as the journal tells it."""
    parts = []
    for name, value in spec.model_dump(by_alias=True, exclude_unset=True).items():
        if name != "times":
            parts.append(f"{name} {value}" if isinstance(value, (str, int, float)) else name)
    return ", ".join(parts)
