"""``options``: compatibility flags, and what unmatched calls get."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from fakefal.protocol.core.compat_flags import (
    PROFILES,
    InvalidKeyStyle,
    LogEntries,
    Logs,
    ReadsAfterCancel,
    ResultHeaders,
    Sse,
    Subpath,
    TimeSource,
    UnknownFields,
    Unmatched,
)
from fakefal.scenario.model.fields import Duration, StrictModel


def _check_profile(value: Any) -> Any:
    if isinstance(value, str) and value not in PROFILES:
        raise PydanticCustomError("profile", "is not a known profile")
    return value


def _check_keys(value: Any) -> Any:
    is_list = isinstance(value, list) and all(isinstance(key, str) for key in value)
    if not is_list and value not in (None, "any", "strict"):
        raise PydanticCustomError("keys", "is not any, strict or a list of keys")
    return value


class Options(StrictModel):
    """Choices where fal's behaviour is unclear or has changed; the default is the server's."""

    unmatched: Unmatched | None = Field(
        None, description="The response to a call that matches no exchange."
    )
    subpath: Subpath | None = None
    response_suffix: bool | None = None
    reads_after_cancel: ReadsAfterCancel | None = None
    error_in_status: bool | None = None
    cancel_answer: Literal["status", "success"] | None = None
    key_wording: InvalidKeyStyle | None = None
    keys: Annotated[
        str | list[str] | None,
        BeforeValidator(_check_keys),
        WithJsonSchema(
            {
                "anyOf": [
                    {"enum": ["any", "strict", None]},
                    {"type": "array", "items": {"type": "string"}},
                ]
            }
        ),
    ] = Field(None, description="Which API keys are valid.")
    logs: Logs | None = None
    log_entries: LogEntries | None = Field(None, description="The fields of a log entry.")
    result_headers: ResultHeaders | None = Field(
        None, description="Headers of a result, as recorded at a time."
    )
    stream_sse: Sse | None = None
    status_sse: Sse | None = None
    repeat_complete: bool | None = None
    long_prompts: Literal["accept", "refuse"] | None = None
    unknown_fields: UnknownFields | None = None
    webhook_retries: Literal[31, 10] | None = Field(None, description="Retries of a webhook.")
    webhook_timestamps: TimeSource | None = None
    billing_delay: Duration | None = Field(
        None, description="From the end of a request to its billing event."
    )
    token_times: TimeSource | None = Field(
        None, description="The time in tokens that clients compare with their own."
    )
    default_timeline: Literal["steps", "none"] | None = Field(
        None,
        description="Steps of a job without a timeline: one poll each IN_QUEUE and IN_PROGRESS, "
        "or none, so that it is completed before the first poll.",
    )
    realtime_text: Literal["ignore", "error"] | None = Field(
        None, description="Response of a realtime endpoint to a text frame."
    )
    openai_errors: Literal["openai", "detail"] | None = Field(
        None, description="The form of errors of OpenAI-compatible endpoints."
    )
    models: Literal["lenient", "strict"] | None = Field(
        None,
        description="Whether a call with an unknown model name may match an exchange; "
        "with a dated profile it may not.",
    )
    profile: Annotated[
        str | None, BeforeValidator(_check_profile), WithJsonSchema({"enum": [*PROFILES]})
    ] = None
    validate_: bool | None = Field(
        None, alias="validate", description="Validate the inputs of known models."
    )


def flag_values(data: dict[str, Any]) -> dict[str, Any]:
    """Options as values for ``with_flags``; raises ValidationError."""
    values = Options.model_validate(data).model_dump(by_alias=True, exclude_none=True)
    if isinstance(values.get("keys"), list):
        values["keys"] = tuple(values["keys"])
    return values
