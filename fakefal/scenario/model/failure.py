"""``fail``: a name of the error catalogue, or a mapping with the parts of an error."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from fakefal.protocol.core.call import Outcome
from fakefal.protocol.errors.catalog import CATALOG, error_names, find_error
from fakefal.protocol.errors.errors import ErrorSpec, failed_outcome, model_error, request_error
from fakefal.scenario.model.fields import Headers, Json, Output, StrictModel, header_pairs


def _check_loc_part(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise PydanticCustomError("loc_part", "is neither the name of a field nor an index")
    return value


LocPart = Annotated[str | int, BeforeValidator(_check_loc_part)]


class FailSpec(StrictModel):
    """An error: a model's by ``type``, a request's by ``error_type``, or any status and body."""

    type: str | None = Field(
        None, description="A model error's type; known types set status and text."
    )
    loc: list[LocPart] | None = Field(None, description="Path in the input. Default: [body].")
    msg: str | None = None
    ctx: dict[str, Json] | None = None
    input: Json = None
    url: str | None = Field(None, description="A model error's url. Default: errors#TYPE.")
    error_type: str | None = Field(None, description="A request error's error_type.")
    detail: str | None = Field(None, description="Text of a request error.")
    status: int | None = Field(None, ge=400, le=599)
    body: Output = None
    headers: Headers = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check_form(self) -> FailSpec:
        forms = {name for name in ("type", "error_type", "body") if name in self.model_fields_set}
        if len(forms) > 1:
            names = " and ".join(sorted(forms))
            raise PydanticCustomError(
                "conflict", "{names} cannot be used together", {"names": names}
            )
        if not forms and self.status is None:
            raise PydanticCustomError(
                "fail_form", "is not a failure: it needs type, error_type, or status and body"
            )
        if self.error_type is not None:
            spec = find_error(self.error_type)
            is_request_error = spec is not None and spec.kind == "request"
            if not is_request_error and self.status is None:
                raise PydanticCustomError(
                    "status_needed", "an error_type that fal does not have requires a status"
                )
        return self


def _check_fail_name(value: str) -> str:
    if find_error(value) is None:
        raise PydanticCustomError("error_name", "is not in the error catalogue")
    return value


def _fail_kind(value: Any) -> str:
    return "(name)" if isinstance(value, str) else "(spec)"


_FAIL_NAMES = [*error_names(), *(name.replace("_", "-") for name in error_names() if "_" in name)]

FailName = Annotated[
    str,
    BeforeValidator(_check_fail_name),
    WithJsonSchema({"enum": _FAIL_NAMES, "description": "A name of the error catalogue."}),
]


def _check_retried_name(value: str) -> str:
    spec = find_error(value)
    if spec is None or spec.kind != "request" or spec.queue_retry != "yes":
        raise PydanticCustomError("retried_name", "is not an error that fal retries")
    return spec.name


RETRIED_NAMES = [
    spec.name for spec in CATALOG.values() if spec.kind == "request" and spec.queue_retry == "yes"
]
"""Errors after which the platform runs the request again.

Source: documented (docs/reference/errors.md#request-errors).
"""

RetriedName = Annotated[
    str,
    BeforeValidator(_check_retried_name),
    WithJsonSchema({"type": "string", "enum": RETRIED_NAMES}),
]
Fail = Annotated[
    Annotated[FailName, Tag("(name)")] | Annotated[FailSpec, Tag("(spec)")],
    Discriminator(_fail_kind),
]


def failure_outcome(fail: FailSpec) -> Outcome:
    """The response of a failure, with the defaults of fal's own error of that type."""
    headers = header_pairs(fail.headers)
    if fail.type is not None:
        spec = find_error(fail.type)
        if spec is None or spec.kind != "model":
            spec = ErrorSpec(fail.type, "model", 422, fail.type, "scenario", "inferred")
        names = [name for name in ("url", "input") if name in fail.model_fields_set]
        return model_error(
            spec,
            message=fail.msg,
            loc=None if fail.loc is None else tuple(fail.loc),
            context=fail.ctx,
            status=fail.status,
            extra={name: getattr(fail, name) for name in names},
            headers=headers,
        )
    if fail.error_type is not None:
        spec = find_error(fail.error_type)
        if spec is None or spec.kind != "request":
            status = fail.status or 500
            spec = ErrorSpec(
                fail.error_type, "request", status, fail.error_type, "scenario", "inferred"
            )
        return request_error(spec, detail=fail.detail, status=fail.status, headers=headers)
    assert fail.status is not None
    body = fail.body
    if "body" not in fail.model_fields_set:
        body = {"detail": fail.detail if fail.detail is not None else fail.msg or "Error"}
    elif isinstance(body, str):
        body = body.encode()  # text is sent as it is written, as among faults
    return failed_outcome(fail.status, body, headers=headers)
