"""``faults``: what goes wrong with single requests, by operation."""

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
from fakefal.protocol.websocket.close_frames import CLOSE_REASON_BYTES
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
    "ok": "no fault",
    "reset": "a TCP reset instead of a response; the request is not executed",
    "close": "the connection is closed without a response; the request is not executed",
    "hang": "no response until the caller disconnects; the request is not executed",
    "accepted-then-reset": "the request is executed, then a TCP reset instead of the response",
    "accepted-then-close": "the request is executed, then the connection is closed",
    "accepted-then-hang": "the request is executed, then no response comes",
    "hang-headers": "status and headers, then nothing more",
    "hang-during": "half of the body, then nothing more",
    "reset-headers": "status and headers, then a TCP reset",
    "reset-during": "half of the body, then a TCP reset",
    "reset-after": "the whole response, then a TCP reset",
    "truncate": "half of the announced body, then the connection is closed",
    "broken-json": "half of the body, with the Content-Length of that half",
    "empty": "an empty body",
    "garbage": "bytes that are not HTTP",
    "wrong-content-type": "the correct body with Content-Type: text/plain",
    "huge-headers": "17,000 bytes of additional headers",
    "slow": "the body byte by byte, 50 ms apart",
    "unanswered": "a socket input without a response; the socket stays open",
    "too-early": "a result that is still in progress, although the status is COMPLETED",
}
"""Words for faults without parameters, and what each does."""

_SHORTHAND = re.compile(r"(?P<word>[\w-]+)(?: +x(?P<times>[1-9][0-9]*|\*))?")
_ACCEPTED = "accepted-then-"
_ACCEPTED_SPELLINGS = re.compile("^accept(ed)?[-_]then[-_]")


class FaultShorthand(StrictModel):
    """A fault as one word: ``nginx-502``, ``reset x2``, ``429``, ``accepted-then-nginx-502 x*``."""

    word: str
    times: int | Literal["always"] = 1


def parse_fault(text: str) -> FaultShorthand | None:
    """None for text that is not a fault."""
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
    """A word without the prefix ``accepted-then-``, and whether it had the prefix."""
    return word.removeprefix(_ACCEPTED), word.startswith(_ACCEPTED)


Moment = Literal["before", "accepted", "headers", "during", "after"]


class SlowSpec(StrictModel):
    """A body sent in small parts with pauses between them."""

    bytes: int = Field(1, ge=1, description="Bytes of each part.")
    every: Duration = Field(0.05, description="Pause between two parts.")


class CutSpec(StrictModel):
    """Where a status stream ends too early, and how."""

    after: int = Field(1, ge=0, description="Events that are sent before.")
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
        raise PydanticCustomError("close_code", "is not a close code")
    return value


CloseCode = Annotated[
    int,
    BeforeValidator(_check_close_code),
    WithJsonSchema({"type": "integer", "minimum": 1000, "maximum": 4999}),
]


def _check_close_reason(text: str) -> str:
    if len(text.encode()) > CLOSE_REASON_BYTES:
        raise PydanticCustomError("close_reason", "is too long for a close frame")
    return text


CloseReason = Annotated[str, AfterValidator(_check_close_reason)]

_CONNECTION_ENDS = ("reset", "close", "hang", "truncate", "cut")


class FaultSpec(StrictModel):
    """A fault with parameters. Parts that are not set stay as in the normal response."""

    fail: Fail | None = Field(None, description="An error instead of the response.")
    status: int | None = Field(None, ge=200, le=599, description="A different status.")
    body: Output = Field(
        None, description="A different body: text as it is, anything else as JSON."
    )
    headers: Headers = Field(default_factory=dict, description="Additional headers.")
    content_type: str | None = Field(None, pattern=r"^[^\r\n]+$")
    header_bytes: int | None = Field(
        None, ge=1, le=1_000_000, description="Bytes of padding headers."
    )
    drop: list[str] | None = Field(None, description="Fields left out of a JSON body.")
    set: dict[str, Json] | None = Field(None, description="Fields changed or added in a JSON body.")
    delay: Duration | None = Field(None, description="Wait before the response.")
    slow: SlowSpec | None = None
    reset: Moment | None = Field(None, description="When the connection is reset.")
    close: Moment | None = Field(None, description="When the connection is closed.")
    hang: Moment | None = Field(None, description="From when nothing more is sent.")
    code: CloseCode | None = Field(None, description="Close code of a WebSocket.")
    reason: CloseReason | None = Field(None, description="Reason in the close frame.")
    for_: Duration | None = Field(None, alias="for", description="How long a hang lasts.")
    truncate: Share | None = Field(None, description="The share of the body that is sent.")
    cut: Annotated[CutSpec | None, BeforeValidator(after_count), OrWord(COUNT_SCHEMA)] = Field(
        None, description="Where a status stream ends: details, or a number of events."
    )
    accepted: bool = Field(False, description="The request is executed, whatever the response is.")
    too_early: bool = Field(False, description="A result that is still in progress.")
    times: Annotated[int, Field(ge=1, le=MAX_TIMES)] | Literal["always"] = 1

    @model_validator(mode="after")
    def _check_combinations(self) -> FaultSpec:
        ends = [name for name in _CONNECTION_ENDS if getattr(self, name) is not None]
        if len(ends) > 1:
            raise PydanticCustomError(
                "conflict", "{names} cannot be used together", {"names": " and ".join(ends)}
            )
        if self.fail is not None and self.status is not None:
            raise PydanticCustomError("conflict", "fail and status cannot be used together")
        if self.for_ is not None and self.hang is None:
            raise PydanticCustomError("for_alone", "for requires hang")
        if self.code is not None and self.close is None:
            raise PydanticCustomError("code_alone", "code requires close")
        if self.reason is not None and self.code is None:
            raise PydanticCustomError("reason_alone", "reason requires code")
        if not self.model_fields_set - {"times", "accepted"}:
            raise PydanticCustomError("fault_form", "has no fault")
        return self


def _check_fault_word(value: Any) -> Any:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or parse_fault(text) is None:
        raise PydanticCustomError("fault_name", "is not a fault")
    return text


def fault_names() -> list[str]:
    """Every word, with dashes; a status code is a fault as well."""
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
            "description": "A fault as a word, with x2 or x* for twice or always.",
        }
    ),
]
FaultEntry = Annotated[
    Annotated[FaultWord, Tag("(word)")] | Annotated[FaultSpec, Tag("(spec)")],
    Discriminator(_fault_kind),
]


FaultList = Annotated[list[FaultEntry], BeforeValidator(as_list), Field(min_length=1), OrOne()]


class CallFaults(StrictModel):
    """Faults of one reply, by operation: one for each request, then none."""

    submit: FaultList | None = None
    status: FaultList | None = None
    status_stream: FaultList | None = None
    result: FaultList | None = None
    cancel: FaultList | None = None
    run: FaultList | None = None
    stream: FaultList | None = None
    connect: FaultList | None = Field(None, description="The handshake of a WebSocket.")


class AllFaults(CallFaults):
    """Faults of every request, whichever exchange answers it; also of uploads and downloads."""

    upload: FaultList | None = None
    upload_put: FaultList | None = None
    token: FaultList | None = None
    download: FaultList | None = None
    platform: FaultList | None = Field(None, description="The platform API and account routes.")
