"""Validation errors in our words."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import PydanticCustomError

from fakefal.scenario.values.validation_text import literal_words, validation_text


class Inner(BaseModel):
    size: int = 0


class Model(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    name: str = ""
    number: Annotated[int, Field(ge=1, le=9)] = 1
    ratio: Annotated[float, Field(gt=0, lt=1)] = 0.5
    flag: bool = False
    words: Annotated[list[str], Field(min_length=1, max_length=2)] = ["a"]
    pair: Annotated[list[str], Field(min_length=2)] = ["a", "b"]
    table: dict[str, int] = {}
    way: Literal["run", "queue", "ws"] = "run"
    inner: Inner | None = None
    label: Annotated[str, Field(pattern="^[a-z]+$")] = "a"
    own: str = ""
    checked: str = ""

    @field_validator("own")
    @classmethod
    def _own(cls, value: str) -> str:
        raise PydanticCustomError("own_error", "has our own text")

    @field_validator("checked")
    @classmethod
    def _checked(cls, value: str) -> str:
        raise ValueError("has a text, with a comma")


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"name": 5}, "expected a string"),
        ({"number": "5"}, "expected a whole number"),
        ({"number": 0}, "must be at least 1"),
        ({"number": 10}, "must be at most 9"),
        ({"ratio": "x"}, "expected a number"),
        ({"ratio": 0}, "must be more than 0"),
        ({"ratio": 1.5}, "must be less than 1"),
        ({"flag": "yes"}, "expected true or false"),
        ({"words": "a"}, "expected a list"),
        ({"words": []}, "is empty"),
        ({"words": ["a", "b", "c"]}, "is too long"),
        ({"pair": ["a"]}, "is too short"),
        ({"table": 5}, "expected a mapping"),
        ({"inner": 5}, "expected a mapping"),
        ({"way": "fly"}, 'expected "run" or "queue" or "ws"'),
        ({"nope": 5}, "unknown key"),
        ({"label": "A"}, "is not valid"),
        ({"own": "x"}, "has our own text"),
        ({"checked": "x"}, "has a text, with a comma"),
    ],
)
def test_an_error_has_our_words(data: dict[str, Any], text: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Model.model_validate(data)
    for error in caught.value.errors():
        assert validation_text(error) == text


def test_words_of_another_version_of_pydantic_are_not_shown() -> None:
    error = {"type": "string_type", "msg": "Text of the future", "input": 5, "loc": ()}
    assert validation_text(error) == "expected a string"
    assert validation_text({**error, "type": "url_scheme"}) == "is not valid"
    assert validation_text({**error, "type": "missing"}) == "is missing"
    assert validation_text({**error, "type": "less_than_equal"}) == "is not valid"


def test_the_words_of_a_literal_are_listed() -> None:
    assert literal_words({"expected": "'a', 'b' or 'c'"}) == ["a", "b", "c"]
    assert literal_words({"expected": "'a'"}) == ["a"]
