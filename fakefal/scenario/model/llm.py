"""What a reply may say for the endpoints that speak OpenAI's words, and what models cost."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from fakefal.scenario.model.fields import OrOne, Output, StrictModel, as_list


class ToolCallSpec(StrictModel):
    """A function that the model wants called."""

    name: str = Field(min_length=1)
    arguments: Output = Field(
        default_factory=dict, description="Any JSON; a string is sent as it is, broken or not."
    )
    id: str | None = Field(None, min_length=1, description="Default: made of the request's id.")


ToolCalls = Annotated[
    Annotated[list[ToolCallSpec], Field(min_length=1)] | None,
    BeforeValidator(as_list),
    OrOne(),
]

FinishReason = Literal["stop", "length", "tool_calls", "content_filter", "error"]


class UsageSpec(StrictModel):
    """What a call used; what is left out is counted in the texts."""

    prompt_tokens: int | None = Field(None, ge=0)
    completion_tokens: int | None = Field(None, ge=0)
    reasoning_tokens: int | None = Field(None, ge=0, description="Among the completion's.")
    cost: Annotated[float, Field(ge=0)] | None = Field(None, description="US $.")


class TokenPrice(StrictModel):
    """What a model costs: US $ for a million tokens."""

    input: float = Field(0.0, ge=0)
    output: float = Field(0.0, ge=0)
