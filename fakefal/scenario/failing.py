"""``fail``: a name of the error catalogue, or a failure spelled out."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from fakefal.protocol.catalogue import find_entry, known_names
from fakefal.scenario.fields import Headers, Json, Output, Strict


def _loc_part(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise PydanticCustomError("loc_part", "is neither the name of a field nor an index")
    return value


LocPart = Annotated[str | int, BeforeValidator(_loc_part)]


class FailSpec(Strict):
    """A failure spelled out: a model error by ``type``, a platform error by ``error_type``, or any
    ``status`` and ``body``."""

    type: str | None = Field(None, description="A model error's type; known ones bring their form.")
    loc: list[LocPart] | None = Field(None, description="Where in the input; default [body].")
    msg: str | None = None
    ctx: dict[str, Json] | None = None
    input: Json = None
    error_type: str | None = Field(None, description="A request error's word.")
    detail: str | None = Field(None, description="Text of a request error.")
    status: int | None = Field(None, ge=400, le=599)
    body: Output = None
    headers: Headers = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_form(self) -> FailSpec:
        given = {name for name in ("type", "error_type", "body") if name in self.model_fields_set}
        if len(given) > 1:
            names = " and ".join(sorted(given))
            raise PydanticCustomError("conflict", "{names} cannot stand together", {"names": names})
        if not given and self.status is None:
            raise PydanticCustomError(
                "fail_form", "names no failure: it needs type, error_type, or status and body"
            )
        if self.error_type is not None:
            entry = find_entry(self.error_type)
            known_request = entry is not None and entry.kind == "request"
            if not known_request and self.status is None:
                raise PydanticCustomError(
                    "status_needed", "an error_type that is not fal's own needs a status"
                )
        return self


def _fail_name(value: str) -> str:
    if find_entry(value) is None:
        raise PydanticCustomError("error_name", "is not in the error catalogue")
    return value


def _fail_kind(value: Any) -> str:
    return "(name)" if isinstance(value, str) else "(spec)"


_FAIL_NAMES = [*known_names(), *(name.replace("_", "-") for name in known_names() if "_" in name)]

FailName = Annotated[
    str,
    BeforeValidator(_fail_name),
    WithJsonSchema({"enum": _FAIL_NAMES, "description": "A name of the error catalogue."}),
]
Fail = Annotated[
    Annotated[FailName, Tag("(name)")] | Annotated[FailSpec, Tag("(spec)")],
    Discriminator(_fail_kind),
]
