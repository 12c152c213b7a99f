"""Inputs: error for error as pydantic says, which is asked with the same models."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from fakefal.scenario.schemas.description import description_of
from fakefal.scenario.schemas.inputs import InputModel, fal_error
from tests.cases import failures
from tests.scenario.schemas.endpoint_inputs import INVALID, VALID
from tests.scenario.schemas.endpoint_models import ENDPOINTS, describe


def model_of(endpoint: str) -> InputModel:
    description = description_of(describe(endpoint))
    assert description.input_schema is not None
    return InputModel(description, description.input_schema)


def pydantic_errors(model: type[BaseModel], body: Any) -> list[Any]:
    """The errors of the model itself, as FastAPI calls it."""
    try:
        model.__pydantic_validator__.validate_python(body, from_attributes=True)
    except ValidationError as error:
        return [fal_error(item) for item in error.errors(include_url=False)]
    return []


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_errors_are_those_of_pydantic(endpoint: str) -> None:
    judge, model = ENDPOINTS[endpoint][0], model_of(endpoint)
    inputs = list(INVALID[endpoint])
    assert len(inputs) >= 30

    def check(body: Any) -> None:
        expected = pydantic_errors(judge, body)
        assert expected, "valid"
        assert model.check(body).errors == expected

    assert failures(check, [(body,) for body in inputs]) == []


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_valid_inputs_are_accepted_and_filled_as_by_pydantic(endpoint: str) -> None:
    judge, model = ENDPOINTS[endpoint][0], model_of(endpoint)

    def check(body: Any) -> None:
        assert pydantic_errors(judge, body) == []
        checked = model.check(body)
        assert checked.errors == []
        assert checked.unknown == []
        assert not pydantic_errors(judge, checked.filled)
        dumped = judge.model_validate(body).model_dump(mode="json")
        assert judge.model_validate(checked.filled).model_dump(mode="json") == dumped
        assert checked.filled.keys() == dumped.keys()

    assert failures(check, [(body,) for body in VALID[endpoint]]) == []
