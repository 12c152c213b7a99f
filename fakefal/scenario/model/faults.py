"""``faults``: what goes wrong with single requests, written operation by operation."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from fakefal.protocol.errors.catalog import error_names, find_error
from fakefal.scenario.model.failure import Fail
from fakefal.scenario.model.fields import (
    COUNT_SCHEMA,
    Duration,
    Headers,
    Json,
    OrOne,
    OrWord,
    Output,
    StrictModel,
    after_count,
    as_list,
)

MAX_TIMES = 10_000

OK = "ok"
FAULT_DESCRIPTIONS: dict[str, str] = {
    "ok": "a healthy answer",
    "reset": "a TCP reset in place of an answer; the request is not served",
    "close": "the connection is closed without an answer; the request is not served",
    "hang": "silence: not one byte, until the caller leaves; the request is not served",
    "accepted-then-reset": "the request is served, then a TCP reset: the caller never learns of it",
    "accepted-then-close": "the request is served, then the connection is closed without a byte",
    "accepted-then-hang": "the request is served, and silence follows",
    "hang-headers": "status and headers, then silence",
    "hang-during": "half of the body, then silence",
    "reset-headers": "status and headers, then a TCP reset",
    "reset-during": "half of the body, then a TCP reset",
    "reset-after": "the whole answer, then a TCP reset",
    "truncate": "half of the announced body, then the connection is closed",
    "broken-json": "half of the body, announced as if it were the whole",
    "empty": "a body of no bytes",
    "garbage": "bytes that are not HTTP",
    "wrong-content-type": "the right body under Content-Type: text/plain",
    "huge-headers": "17,000 bytes of headers more",
    "slow": "the body byte by byte, 50 ms apart",
    "unanswered": "an input of a socket that is never answered; the socket stays open",
    "too-early": "a result that says it is still in progress, although the status is COMPLETED",
}
"""The troubles that need no detail."""

_SHORTHAND = re.compile(r"(?P<word>[\w-]+)(?: +x(?P<times>[1-9][0-9]*|\*))?")
_ACCEPTED = "accepted-then-"
_ACCEPTED_SPELLINGS = re.compile("^accept(ed)?[-_]then[-_]")


class FaultShorthand(StrictModel):
    """A fault by its word: ``nginx-502``, ``reset x2``, ``429``, ``accepted-then-nginx-502 x*``."""

    word: str
    times: int | Literal["always"] = 1


def parse_fault(text: str) -> FaultShorthand | None:
    """A fault's word and how often; None for what is no fault."""
    match = _SHORTHAND.fullmatch(_ACCEPTED_SPELLINGS.sub(_ACCEPTED, text.strip()))
    if match is None:
        return None
    word, times = match["word"], match["times"]
    if word.replace("_", "-") in FAULT_DESCRIPTIONS:
        word = word.replace("_", "-")
    bare = word.removeprefix(_ACCEPTED)
    is_fault = word in FAULT_DESCRIPTIONS or find_error(bare) is not None or _is_code(bare)
    if not is_fault:
        return None
    return FaultShorthand(
        word=word, times="always" if times == "*" else min(int(times or 1), MAX_TIMES)
    )


def _is_code(word: str) -> bool:
    return word.isascii() and word.isdigit() and 400 <= int(word) <= 599


def split_accepted(word: str) -> tuple[str, bool]:
    """A word without ``accepted-then-``, and whether it had it."""
    return word.removeprefix(_ACCEPTED), word.startswith(_ACCEPTED)


Moment = Literal["before", "accepted", "headers", "during", "after"]


class SlowSpec(StrictModel):
    """How a body dribbles."""

    bytes: int = Field(1, ge=1, description="Bytes at a time.")
    every: Duration = Field(0.05, description="Pause between them.")


class CutSpec(StrictModel):
    """Where a stream of events ends before its time, and how."""

    after: int = Field(1, ge=0, description="Events that still come.")
    how: Literal["close", "reset", "stall"] = "close"
    for_: Duration | None = Field(None, alias="for", description="How long a stall lasts.")


def _parse_share(value: Any) -> Any:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,3}(\.[0-9]+)?%", value):
        value = float(value[:-1]) / 100
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise PydanticCustomError("share", "is not a share")
    return float(value)


Share = Annotated[
    float,
    BeforeValidator(_parse_share),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0, "maximum": 1},
                {"type": "string", "pattern": r"^[0-9]{1,3}(\.[0-9]+)?%$"},
            ],
            "description": "A share: 0.4 or 40%.",
        }
    ),
]

CLOSE_CODES = (*range(1000, 1004), *range(1007, 1015), *range(3000, 5000))
"""Close codes that may be sent (RFC 6455 section 7.4.2)."""


def _check_close_code(value: Any) -> Any:
    if isinstance(value, bool) or value not in CLOSE_CODES:
        raise PydanticCustomError("close_code", "is no close code")
    return value


CloseCode = Annotated[
    int,
    BeforeValidator(_check_close_code),
    WithJsonSchema({"type": "integer", "minimum": 1000, "maximum": 4999}),
]


def _check_close_reason(text: str) -> str:
    if len(text.encode()) > CLOSE_REASON_BYTES:
        raise PydanticCustomError("close_reason", "is longer than a close frame holds")
    return text


CLOSE_REASON_BYTES = 123
CloseReason = Annotated[str, AfterValidator(_check_close_reason)]
"""The text in a close frame, as long as it has room for (RFC 6455 section 5.5)."""

_CONNECTION_ENDS = ("reset", "close", "hang", "truncate", "cut")


class FaultSpec(StrictModel):
    """A fault spelled out. What is not given stays as in the healthy answer."""

    fail: Fail | None = Field(None, description="A failure in place of the answer.")
    status: int | None = Field(None, ge=200, le=599, description="Another status.")
    body: Output = Field(None, description="Another body: text as it is, all else as JSON.")
    headers: Headers = Field(default_factory=dict, description="More headers.")
    content_type: str | None = Field(None, pattern=r"^[^\r\n]+$")
    header_bytes: int | None = Field(None, ge=1, le=1_000_000, description="Padding headers.")
    drop: list[str] | None = Field(None, description="Fields left out of a JSON object.")
    set: dict[str, Json] | None = Field(None, description="Fields of a JSON object, changed.")
    delay: Duration | None = Field(None, description="Wait before the answer.")
    slow: SlowSpec | None = None
    reset: Moment | None = Field(None, description="A TCP reset, and when.")
    close: Moment | None = Field(None, description="An orderly end, and when.")
    hang: Moment | None = Field(None, description="Silence, and from when.")
    code: CloseCode | None = Field(None, description="A socket's close code.")
    reason: CloseReason | None = Field(None, description="The text beside it.")
    for_: Duration | None = Field(None, alias="for", description="How long a hang lasts.")
    truncate: Share | None = Field(None, description="The share of the body that comes.")
    cut: Annotated[CutSpec | None, BeforeValidator(after_count), OrWord(COUNT_SCHEMA)] = Field(
        None, description="Where a status stream ends, or after how many events."
    )
    accepted: bool = Field(False, description="The request is served, whatever is answered.")
    too_early: bool = Field(False, description="A result that says it is still in progress.")
    times: Annotated[int, Field(ge=1, le=MAX_TIMES)] | Literal["always"] = 1

    @model_validator(mode="after")
    def _check_combinations(self) -> FaultSpec:
        ends = [name for name in _CONNECTION_ENDS if getattr(self, name) is not None]
        if len(ends) > 1:
            raise PydanticCustomError(
                "conflict", "{names} cannot stand together", {"names": " and ".join(ends)}
            )
        if self.fail is not None and self.status is not None:
            raise PydanticCustomError("conflict", "fail and status cannot stand together")
        if self.for_ is not None and self.hang is None:
            raise PydanticCustomError("for_alone", "for goes with hang")
        if self.code is not None and self.close is None:
            raise PydanticCustomError("code_alone", "code goes with close")
        if self.reason is not None and self.code is None:
            raise PydanticCustomError("reason_alone", "reason goes with code")
        if not self.model_fields_set - {"times", "accepted"}:
            raise PydanticCustomError("fault_form", "says nothing that goes wrong")
        return self


def _check_fault_word(value: Any) -> Any:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or parse_fault(text) is None:
        raise PydanticCustomError("fault_name", "is no fault")
    return text


def fault_names() -> list[str]:
    """Every word that a fault may be."""
    return [*FAULT_DESCRIPTIONS, *(name.replace("_", "-") for name in error_names())]


def _fault_kind(value: Any) -> str:
    return "(spec)" if isinstance(value, (dict, FaultSpec)) else "(word)"


FaultWord = Annotated[
    str,
    BeforeValidator(_check_fault_word),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": fault_names()},
                {"type": "integer", "minimum": 400, "maximum": 599},
                {"type": "string", "pattern": r"^[\w-]+( +x([1-9][0-9]*|\*))?$"},
            ],
            "description": "A fault by its word, with x2 or x* for twice or always.",
        }
    ),
]
FaultEntry = Annotated[
    Annotated[FaultWord, Tag("(word)")] | Annotated[FaultSpec, Tag("(spec)")],
    Discriminator(_fault_kind),
]


FaultList = Annotated[list[FaultEntry], BeforeValidator(as_list), Field(min_length=1), OrOne()]


class CallFaults(StrictModel):
    """Faults of one reply's operations, used in turn, then healthy."""

    submit: FaultList | None = None
    status: FaultList | None = None
    status_stream: FaultList | None = None
    result: FaultList | None = None
    cancel: FaultList | None = None
    run: FaultList | None = None
    stream: FaultList | None = None
    connect: FaultList | None = Field(None, description="The opening of a WebSocket.")


class AllFaults(CallFaults):
    """Faults of every request of its kind, whichever exchange answers it."""

    upload: FaultList | None = None
    upload_put: FaultList | None = None
    token: FaultList | None = None
    download: FaultList | None = None
