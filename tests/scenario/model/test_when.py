"""Validation of ``when``."""

from __future__ import annotations

from typing import Any

import pytest

from fakefal.scenario.model.when import When
from tests.scenario.error_types import error_types


@pytest.mark.parametrize(
    ("value", "via"), [("run", ["run"]), (["run", "ws"], ["run", "ws"]), (None, None)]
)
def test_a_single_via_needs_no_list(value: Any, via: Any) -> None:
    assert When.model_validate({"via": value}).via == via


def test_a_get_is_a_direct_run() -> None:
    assert When.model_validate({"method": "GET", "via": ["queue", "run"]}).method == "GET"
    assert error_types(When, {"method": "GET", "via": "queue"}) == ["conflict"]
