"""``when``: the calls that an exchange answers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from fakefal.protocol.core.call import VIAS, Via
from fakefal.scenario.model.fields import OrWord, Pattern, StrictModel


def _via_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _endpoint_kind(value: Any) -> str:
    return "(list)" if isinstance(value, list) else "(name)"


Endpoints = Annotated[
    Annotated[str, Tag("(name)")] | Annotated[list[str], Field(min_length=1), Tag("(list)")],
    Discriminator(_endpoint_kind),
]


class When(StrictModel):
    """Conditions that a call must meet; a field that is left out matches every call."""

    endpoint: Endpoints | None = Field(
        None,
        description="Endpoint id, or a list of them, exact or with * and ?: fal-ai/*.",
    )
    via: Annotated[
        list[Via] | None,
        BeforeValidator(_via_list),
        OrWord({"enum": [*VIAS]}),
    ] = Field(None, description="How the call was made. Default: any way.")
    method: Literal["POST", "GET", "PUT", "PATCH", "DELETE"] = Field(
        "POST", description="Others than POST are for routes of a custom app, such as /health."
    )
    input: Pattern = Field(None, description="Matched against the JSON input, as a subset.")
    headers: dict[str, Pattern] | None = Field(
        None, description="Matched against request headers; names are case-insensitive."
    )

    @model_validator(mode="after")
    def _check_other_methods_are_runs(self) -> When:
        if self.method != "POST" and self.via is not None and "run" not in self.via:
            names = f"method: {self.method} and via: {', '.join(self.via)}"
            raise PydanticCustomError(
                "conflict", "{names} cannot be used together", {"names": names}
            )
        return self
