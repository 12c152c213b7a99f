"""``options``: the switches of a scenario."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from fakefal.protocol.periods import PERIODS
from fakefal.scenario.fields import Strict


def _profile(value: Any) -> Any:
    if isinstance(value, str) and value not in PERIODS:
        raise PydanticCustomError("profile", "is not a known profile")
    return value


class Options(Strict):
    """Switches for what fal's protocol leaves open; each default is that of the server."""

    unmatched: Literal["fail", "generate"] | None = Field(
        None, description="What a call gets that no exchange matches."
    )
    subpath: Literal["accept", "refuse-405"] | None = None
    response_suffix: bool | None = None
    reads_after_cancel: Literal["completed", "not-found"] | None = None
    error_in_status: bool | None = None
    cancel_answer: Literal["status", "success"] | None = None
    keys: Literal["any", "strict"] | None = None
    webhook_retries: Literal[31, 10] | None = Field(None, description="Retries of a webhook.")
    webhook_timestamps: Literal["auto", "clock", "real"] | None = None
    profile: Annotated[
        str | None, BeforeValidator(_profile), WithJsonSchema({"enum": [*PERIODS]})
    ] = None
    validate_: bool | None = Field(
        None, alias="validate", description="Check inputs of known models as the model would."
    )
