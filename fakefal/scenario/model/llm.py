"""Reply fields of OpenAI-compatible endpoints, and token prices of models."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from fakefal.scenario.model.fields import OrOne, Output, StrictModel, as_list


class ToolCallSpec(StrictModel):
    """A tool that the model asks the client to call."""

    name: str = Field(min_length=1)
    arguments: Output = Field(
        default_factory=dict, description="Any JSON; a string is sent as it is, broken or not."
    )
    id: str | None = Field(None, min_length=1, description="Default: derived from the request id.")


ToolCalls = Annotated[
    Annotated[list[ToolCallSpec], Field(min_length=1)] | None,
    BeforeValidator(as_list),
    OrOne(),
]

FinishReason = Literal["stop", "length", "tool_calls", "content_filter", "error"]


class UsageSpec(StrictModel):
    """Reported usage; counts that are left out are estimated from the texts."""

    prompt_tokens: int | None = Field(None, ge=0)
    completion_tokens: int | None = Field(None, ge=0)
    reasoning_tokens: int | None = Field(None, ge=0, description="Part of the completion tokens.")
    cost: Annotated[float, Field(ge=0)] | None = Field(None, description="In US dollars.")


class TokenPrice(StrictModel):
    """US dollars for a million tokens."""

    input: float = Field(0.0, ge=0)
    output: float = Field(0.0, ge=0)
