"""Validation errors of pydantic in fakefal's words, the same whatever version of pydantic runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, get_args

from pydantic_core.core_schema import ErrorType

_PYDANTIC_TYPES = frozenset(get_args(ErrorType))

EXPECTED = {
    "string_type": "a string",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "none_required": "null",
}
"""What pydantic's types of errors expect in place of the value."""

BOUNDS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}
"""For each error of a bound: the key of the bound in the context, and its words."""


def validation_text(error: Mapping[str, Any]) -> str:
    """What is wrong, from one of ``ValidationError.errors()``; the path is not part of it.

    The text of custom errors (``PydanticCustomError``) and of ``ValueError`` in validators is
    fakefal's own already.
    """
    type_ = error["type"]
    context = error.get("ctx") or {}
    if type_ not in _PYDANTIC_TYPES:
        return str(error["msg"])
    if type_ in ("value_error", "assertion_error"):
        return str(error["msg"]).partition(", ")[2]
    if type_ == "missing":
        return "is missing"
    if type_ == "extra_forbidden":
        return "unknown key"
    if type_ in EXPECTED:
        return f"expected {EXPECTED[type_]}"
    if type_ == "literal_error":
        return f"expected {' or '.join(map(json.dumps, literal_words(context)))}"
    if type_ in BOUNDS and BOUNDS[type_][0] in context:
        key, words = BOUNDS[type_]
        return f"must be {words} {context[key]:g}"
    if type_ in ("too_short", "string_too_short"):
        return "is empty" if context.get("min_length") == 1 else "is too short"
    return "is too long" if type_ in ("too_long", "string_too_long") else "is not valid"


def literal_words(context: Mapping[str, Any]) -> list[str]:
    """The accepted values of a ``literal_error``: pydantic lists them as ``'a', 'b' or 'c'``."""
    expected = str(context.get("expected", "")).replace("'", "")
    return [word for part in expected.split(", ") for word in part.split(" or ")]
