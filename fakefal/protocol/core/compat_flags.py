"""Compatibility flags: one for each question about fal on which the evidence conflicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from fakefal.protocol.core.schema_versions import DEFAULT_SCHEMA_VERSION

Subpath = Literal["accept", "refuse-405"]
ReadsAfterCancel = Literal["completed", "not-found"]
CancelAnswer = Literal["status", "success"]
Unmatched = Literal["fail", "generate"]
InvalidKeyStyle = Literal["by-call", "no-user", "invalid"]
UnknownFields = Literal["ignore", "warn", "refuse"]
ResultHeaders = Literal["2026-08", "2026-02", "none"]
TimeSource = Literal["auto", "clock", "real"]
Logs = Literal["cumulative", "window"]
LogEntries = Literal["recorded", "documented"]
Sse = Literal["by-model", "named-crlf", "plain-crlf", "plain"]


@dataclass(frozen=True, slots=True)
class CompatFlags:
    """How the server behaves where the evidence about fal conflicts.

    The defaults and the evidence for each are in docs/reference/open-questions.md.

    - ``subpath``: whether status and result URLs accept the endpoint's path.
    - ``response_suffix``: whether ``response_url`` ends in ``/response``.
    - ``reads_after_cancel``: the status of a request that was cancelled in the queue.
    - ``error_in_status``: whether the status shows a failure of the model.
    - ``cancel_answer``: ``status`` is the documented 202, ``success`` the 200 of fal's OpenAPI.
    - ``key_wording``: the text of the 401 for an invalid key. ``by-call`` answers runs and submits
      with "Cannot access application" and reads with "invalid key credentials".
    - ``keys``: ``any`` accepts every non-empty key, ``strict`` only ``id:secret``, a tuple only
      its members.
    - ``logs``: a poll returns all logs so far, or only those of the current step.
    - ``log_entries``: the fields of a log entry: as recorded, with level and source inside
      ``labels``, or the documented superset.
    - ``result_headers``: the headers of a successful result beside its id and units, as they were
      recorded before and since August 2026, or none.
    - ``stream_sse``, ``status_sse``: line ends and event names of the two kinds of streams.
    - ``repeat_complete``: whether a stream sends the complete text again as a partial event.
    - ``long_prompts``: the reply to a prompt of more than 5000 characters.
    - ``unknown_fields``: the reply to input fields that the model does not know.
    - ``realtime_text``: a text frame to a realtime endpoint is journalled and ignored, or ends the
      session with INTERNAL_ERROR.
    - ``openai_errors``: the shape of model, app and validation errors of OpenAI-compatible
      endpoints. Errors of the platform have fal's shape in both cases.
    - ``profile``: a month; it sets the other flags to fal's behaviour of that time.
    - ``schema_version``: the version of the any-llm schema; set by ``profile`` only.
    - ``webhook_retries``: how often a webhook is retried.
    - ``webhook_timestamps``, ``token_times``: instants that others compare with their own watch, in
      signatures of webhooks and in tokens: of the server's clock, or of the system. ``auto`` is the
      system's time, but for signatures on a manual clock.
    - ``models``: ``lenient`` accepts a model name that no schema version knows if an exchange
      matches the call, ``strict`` does not; a dated profile never does.
    - ``validate``: whether inputs of known models are validated.
    - ``billing_delay``: the seconds from the end of a request to its billing event.
    - ``default_timeline``: what a job without a scripted timeline goes through: one poll IN_QUEUE
      and one IN_PROGRESS, or nothing, so that it is COMPLETED before the first poll.
    """

    subpath: Subpath = "refuse-405"
    response_suffix: bool = False
    reads_after_cancel: ReadsAfterCancel = "completed"
    error_in_status: bool = False
    cancel_answer: CancelAnswer = "status"
    key_wording: InvalidKeyStyle = "by-call"
    keys: Literal["any", "strict"] | tuple[str, ...] = "any"
    logs: Logs = "cumulative"
    log_entries: LogEntries = "recorded"
    result_headers: ResultHeaders = "2026-08"
    stream_sse: Sse = "by-model"
    status_sse: Sse = "plain"
    repeat_complete: bool = True
    long_prompts: Literal["accept", "refuse"] = "accept"
    unknown_fields: UnknownFields = "ignore"
    realtime_text: Literal["ignore", "error"] = "ignore"
    openai_errors: Literal["openai", "detail"] = "openai"
    profile: str = DEFAULT_SCHEMA_VERSION
    schema_version: str = DEFAULT_SCHEMA_VERSION
    models: Literal["lenient", "strict"] = "lenient"
    validate: bool = True
    webhook_retries: Literal[31, 10] = 31
    webhook_timestamps: TimeSource = "auto"
    token_times: TimeSource = "auto"
    billing_delay: float = 0.0
    default_timeline: Literal["steps", "none"] = "steps"


MAX_PROMPT_CHARACTERS = 5000
"""Source: recorded, weak (docs/reference/open-questions.md#long-prompts)."""

_BEFORE_2026: dict[str, Any] = {
    "key_wording": "no-user",
    "webhook_retries": 10,
    "result_headers": "2026-02",
}

PROFILES: dict[str, dict[str, Any]] = {
    DEFAULT_SCHEMA_VERSION: {},
    **{
        name: {"schema_version": name, "long_prompts": "refuse", **_BEFORE_2026}
        for name in ("2024-11", "2025-01", "2025-03")
    },
    **{
        name: {"schema_version": name, **_BEFORE_2026} for name in ("2025-07", "2025-08", "2025-10")
    },
    "2026-04": {
        "schema_version": "2025-10",
        "key_wording": "invalid",
        "webhook_retries": 10,
        "result_headers": "2026-02",
    },
    "2026-09": {"schema_version": "2025-10"},
}
"""The flags that each profile sets, by the month in which the behaviour began.

Source: client, recorded (docs/reference/llm.md#any-llm-input,
docs/reference/open-questions.md#wording-of-401,
docs/reference/open-questions.md#webhook-retries,
docs/reference/open-questions.md#long-prompts).
"""

FLAG_NAMES = tuple(field.name for field in fields(CompatFlags) if field.name != "schema_version")
"""The flags that a scenario may set."""


def with_flags(flags: CompatFlags, values: Mapping[str, Any]) -> CompatFlags:
    """A copy with some flags changed. ``values`` overrides what a profile among them sets."""
    profile_values: dict[str, Any] = {}
    if (profile := values.get("profile")) is not None:
        profile_values = {"schema_version": DEFAULT_SCHEMA_VERSION, **PROFILES[profile]}
    return replace(flags, **{**profile_values, **values})
