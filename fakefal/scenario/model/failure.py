"""``fail``: a name of the error catalogue, or a failure spelled out."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from fakefal.protocol.core.call import Outcome
from fakefal.protocol.errors.catalog import CATALOGUE, find_entry, known_names
from fakefal.protocol.errors.errors import ErrorEntry, failure, model_error, request_error
from fakefal.scenario.model.fields import Headers, Json, Output, Strict


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


def _retried_name(value: str) -> str:
    entry = find_entry(value)
    if entry is None or entry.kind != "request" or entry.retried != "yes":
        raise PydanticCustomError("retried_name", "is nothing that fal retries")
    return entry.name


RETRIED_NAMES = [
    entry.name for entry in CATALOGUE.values() if entry.kind == "request" and entry.retried == "yes"
]
"""What the platform retries. Source: documented (protocol.md sections 7.2, 15)."""

RetriedName = Annotated[
    str, BeforeValidator(_retried_name), WithJsonSchema({"type": "string", "enum": RETRIED_NAMES})
]
Fail = Annotated[
    Annotated[FailName, Tag("(name)")] | Annotated[FailSpec, Tag("(spec)")],
    Discriminator(_fail_kind),
]


def spelled_failure(fail: FailSpec) -> Outcome:
    """The answer that a spelled-out failure is."""
    headers = tuple(fail.headers.items())
    if fail.type is not None:
        entry = find_entry(fail.type)
        if entry is None or entry.kind != "model":
            entry = ErrorEntry(fail.type, "model", 422, fail.type, "scenario", "inferred")
        return model_error(
            entry,
            message=fail.msg,
            loc=tuple(fail.loc) if fail.loc is not None else ("body",),
            context=fail.ctx,
            status=fail.status,
            extra={"input": fail.input} if "input" in fail.model_fields_set else None,
            headers=headers,
        )
    if fail.error_type is not None:
        entry = find_entry(fail.error_type)
        if entry is None or entry.kind != "request":
            status = fail.status or 500
            entry = ErrorEntry(
                fail.error_type, "request", status, fail.error_type, "scenario", "inferred"
            )
        return request_error(entry, detail=fail.detail, status=fail.status, headers=headers)
    assert fail.status is not None
    body = fail.body
    if "body" not in fail.model_fields_set:
        body = {"detail": fail.detail if fail.detail is not None else fail.msg or "Error"}
    return failure(fail.status, body, headers=headers)
