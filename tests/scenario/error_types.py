"""The validation errors of the models."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError


def error_types(model: Any, data: Any) -> list[str]:
    """The types of the validation errors of data."""
    with pytest.raises(ValidationError) as caught:
        model.model_validate(data)
    return [error["type"] for error in caught.value.errors()]
