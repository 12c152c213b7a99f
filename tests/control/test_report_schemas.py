from __future__ import annotations

import pytest
from pydantic import ValidationError

from fakefal.control.report_schemas import ExchangeResult, Report, SpendRow


def test_unknown_fields_are_errors() -> None:
    assert ExchangeResult.model_validate({"index": 0, "total": 1}).total == 1
    for model in (ExchangeResult, Report, SpendRow):
        with pytest.raises(ValidationError, match="extra_forbidden"):
            model.model_validate({"other": 1})
