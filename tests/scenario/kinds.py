"""What a model of the format finds wrong with data."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError


def error_types(model: Any, data: Any) -> list[str]:
    """The types of the errors that a model finds."""
    with pytest.raises(ValidationError) as caught:
        model.model_validate(data)
    return [error["type"] for error in caught.value.errors()]
