"""The scenario file: exchanges in order, and the defaults of all calls."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from fakefal.scenario.model.defaults import ScenarioDefaults
from fakefal.scenario.model.fields import StrictModel
from fakefal.scenario.model.reply import Reply
from fakefal.scenario.model.routes import RouteSpec
from fakefal.scenario.model.when import When


class Exchange(StrictModel):
    """Which calls it answers, and with what."""

    id: str | None = Field(None, min_length=1, description="Name in journal, misses and reports.")
    when: When = Field(default_factory=When)
    priority: int = Field(
        0, ge=-1_000_000, le=1_000_000, description="Higher is tried first, whatever the order."
    )
    times: int | None = Field(None, ge=1, description="Number of calls it answers. Default: all.")
    reply: Reply | None = None
    replies: list[Reply] | None = Field(None, min_length=1, description="Used one after another.")
    then: Literal["last", "cycle", "miss"] = Field(
        "last", description="After the last of replies: repeat it, start over, or stop matching."
    )

    @model_validator(mode="after")
    def _check_one_reply(self) -> Exchange:
        if self.reply is not None and self.replies is not None:
            raise PydanticCustomError("conflict", "reply and replies cannot be used together")
        if "then" in self.model_fields_set and self.replies is None:
            raise PydanticCustomError("then_alone", "then requires replies")
        return self


class Recorded(StrictModel):
    """The origin of a recording."""

    at: str = Field(description="When it was made, UTC: 2026-09-27T12:00:00Z.")
    source: str = Field(description="What was recorded: the upstream, or an imported file.")
    fakefal: str | None = Field(None, description="The version that wrote it.")
    clients: list[str] = Field(default_factory=list, description="User-Agents of the callers.")
    complete: bool = Field(True, description="Whether the recording ended regularly.")


def _check_version(value: Any) -> Any:
    if isinstance(value, bool):
        raise PydanticCustomError("version", "is not a version of the format")
    return value


class Scenario(ScenarioDefaults):
    """A whole scenario file. The first exchange that matches a call and is not used up answers."""

    schema_: str | None = Field(None, alias="$schema", description="For editors; not read.")
    fakefal: Annotated[Literal[1], BeforeValidator(_check_version)] = Field(
        description="Version of the format."
    )
    name: str | None = None
    description: str | None = None
    seed: int | None = Field(None, description="Request ids and generated outputs derive from it.")
    recorded: Recorded | None = Field(None, description="The origin of a recording.")
    exchanges: list[Exchange] = Field(default_factory=list)
    routes: list[RouteSpec] = Field(
        default_factory=list, description="Responses to requests of any host, method and path."
    )
