"""The open questions of fal's protocol that fakefal answers by a switch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from fakefal.protocol.core.schema_versions import DEFAULT_SCHEMA_VERSION

Subpath = Literal["accept", "refuse-405"]
ReadsAfterCancel = Literal["completed", "not-found"]
Unmatched = Literal["fail", "generate"]
InvalidKeyStyle = Literal["by-call", "no-user", "invalid"]
UnknownFields = Literal["ignore", "warn", "refuse"]
Logs = Literal["cumulative", "window"]
Sse = Literal["by-model", "named-crlf", "plain-crlf", "plain"]


@dataclass(frozen=True, slots=True)
class CompatFlags:
    """Which answer is taken where the evidence about fal conflicts (protocol.md section 16).

    ``subpath``: whether status and result URLs may keep the endpoint's path (row 3).
    ``response_suffix``: whether ``response_url`` ends in ``/response`` (row 2).
    ``reads_after_cancel``: what a request cancelled in the queue reads as (row 4).
    ``error_in_status``: whether a model's own failure shows in the status (row 5).
    ``cancel_answer``: ``status`` for the documented 202, ``success`` for OpenAPI's 200 (row 7).
    ``key_wording``: what a key that is not good is told (row 9): ``by-call`` tells runs and submits
    that the app cannot be accessed and reads that the key is invalid.
    ``keys``: ``any`` takes every non-empty key, ``strict`` only ``id:secret``, a tuple only those
    in it (row 10).
    ``logs``: polled logs are all so far, or those of the present step (row 12).
    ``stream_sse``, ``status_sse``: line ends and event names of streams (row 21).
    ``repeat_complete``: whether the complete text comes once more as a partial event (row 22).
    ``long_prompts``: what a prompt of more than 5000 characters gets (row 30).
    ``unknown_fields``: what input keys get that the model does not know (row 32).
    ``realtime_text``: what a text frame gets from a realtime endpoint (row 34): nothing but a line
    in the journal, or the end of the session with INTERNAL_ERROR.
    ``openai_errors``: in which shape OpenAI-compatible endpoints tell failures of the model, of its
    app and of bad input (section 6.4); the platform's own are in fal's shape either way.
    ``profile``: the period by whose ways the rest is set, ``period`` that of the any-llm schema
    (section 6.1).
    ``webhook_retries``: how often a webhook is tried again (row 16).
    ``webhook_timestamps``: whether signatures carry the time of the fake's clock or the real one;
    ``auto`` takes a manual clock's own and else the real.
    ``validate``: whether inputs of known models are checked as the model would.
    """

    subpath: Subpath = "accept"
    response_suffix: bool = False
    reads_after_cancel: ReadsAfterCancel = "completed"
    error_in_status: bool = True
    cancel_answer: Literal["status", "success"] = "status"
    key_wording: InvalidKeyStyle = "by-call"
    keys: Literal["any", "strict"] | tuple[str, ...] = "any"
    logs: Logs = "cumulative"
    stream_sse: Sse = "by-model"
    status_sse: Sse = "plain"
    repeat_complete: bool = True
    long_prompts: Literal["accept", "refuse"] = "accept"
    unknown_fields: UnknownFields = "ignore"
    realtime_text: Literal["ignore", "error"] = "ignore"
    openai_errors: Literal["openai", "detail"] = "openai"
    profile: str = DEFAULT_SCHEMA_VERSION
    schema_version: str = DEFAULT_SCHEMA_VERSION
    validate: bool = True
    webhook_retries: Literal[31, 10] = 31
    webhook_timestamps: Literal["auto", "clock", "real"] = "auto"


MAX_PROMPT_CHARACTERS = 5000
"""Characters. Source: recorded, weak (protocol.md section 16 row 30)."""

_BEFORE_2026: dict[str, Any] = {"key_wording": "no-user", "webhook_retries": 10}

PROFILES: dict[str, dict[str, Any]] = {
    DEFAULT_SCHEMA_VERSION: {},
    **{
        name: {"period": name, "long_prompts": "refuse", **_BEFORE_2026}
        for name in ("2024-11", "2025-01", "2025-03")
    },
    **{name: {"period": name, **_BEFORE_2026} for name in ("2025-07", "2025-08", "2025-10")},
    "2026-04": {"period": "2025-10", "key_wording": "invalid", "webhook_retries": 10},
    "2026-09": {"period": "2025-10"},
}
"""Profiles by the month they begin, and what each sets; the schema is that of the last period
before. Source: protocol.md sections 6.1, 7.3, 8, 16 rows 16 and 30; failures.md 52."""

FLAG_NAMES = tuple(field.name for field in fields(CompatFlags) if field.name != "period")


def with_flags(flags: CompatFlags, values: Mapping[str, Any]) -> CompatFlags:
    """Switches with some of them set; a profile among them sets those that are not named."""
    profile = values.get("profile")
    profile_values = (
        {} if profile is None else {"period": DEFAULT_SCHEMA_VERSION, **PROFILES[profile]}
    )
    return replace(flags, **{**profile_values, **values})
