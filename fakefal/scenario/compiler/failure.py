"""Compiles the failure of a reply, and what it costs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from fakefal.protocol.core.call import Json, Outcome
from fakefal.protocol.core.json_codec import encode
from fakefal.protocol.errors.catalog import find_error, mentions_call, outcome_of
from fakefal.scenario.compiled.reply import FailureFactory, Path
from fakefal.scenario.model.failure import FailSpec, failure_outcome
from fakefal.scenario.model.reply import Reply
from fakefal.scenario.templates.templates import TemplateError, TemplateValue, compile_value
from fakefal.scenario.values.validation_text import validation_text

_FINAL_STATUS = 422


def failure_factory(reply: Reply, path: Path) -> FailureFactory | None:
    """What makes the outcome of a failing reply; None if it does not fail."""
    fail = reply.fail
    if fail is None:
        return None
    if isinstance(fail, str):
        spec = find_error(fail)
        assert spec is not None
        if mentions_call(spec):
            return lambda call, _: outcome_of(spec, app=call.app, path=f"/{call.path}")
        return _constant(outcome_of(spec), adds_input=spec.kind == "model")
    adds_input = fail.type is not None and "input" not in fail.model_fields_set
    value = compile_value(fail.model_dump(by_alias=True, exclude_unset=True), (*path, "fail"))
    if value.is_static:
        return _constant(failure_outcome(fail), adds_input=adds_input)

    def rendered(_: Any, variables: dict[str, Any]) -> Outcome:
        outcome = failure_outcome(_render_fail(value, variables))
        return _with_input(outcome, variables["input"]) if adds_input else outcome

    return rendered


def billable_units_of(reply: Reply) -> float | None:
    """Scripted units; a final error of the model has 0.

    Source: recorded (docs/reference/open-questions.md#url-of-model-errors).
    """
    fail = reply.fail
    if reply.billable_units is not None or fail is None:
        return reply.billable_units
    if isinstance(fail, str):
        spec = find_error(fail)
        is_final = spec is not None and spec.kind == "model" and spec.status == _FINAL_STATUS
    else:
        status = fail.status
        if status is None and fail.type is not None:
            spec = find_error(fail.type)
            status = _FINAL_STATUS if spec is None or spec.kind != "model" else spec.status
        is_final = fail.type is not None and status == _FINAL_STATUS
    return 0 if is_final else None


def _constant(outcome: Outcome, *, adds_input: bool) -> FailureFactory:
    if adds_input:
        return lambda _, variables: _with_input(outcome, variables["input"])
    return lambda _, __: outcome


def _with_input(outcome: Outcome, input_: Json) -> Outcome:
    """A model error with the whole input of the call as ``input`` of its item.

    Source: recorded (docs/reference/open-questions.md#url-of-model-errors).
    """
    (item,) = outcome.body["detail"]
    body = {"detail": [{**item, "input": input_}]}
    return replace(outcome, body=body, payload=encode(body))


def _render_fail(value: TemplateValue, variables: dict[str, Any]) -> FailSpec:
    try:
        return FailSpec.model_validate(value.render(variables))
    except ValidationError as error:
        first_error = error.errors()[0]
        field_path = ".".join(str(part) for part in first_error["loc"])
        text = f"fail.{field_path}: {validation_text(first_error)}"
        raise TemplateError(value.path, text) from None
