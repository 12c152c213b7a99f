"""Validation of ``fail``."""

from __future__ import annotations

from typing import Any

import pytest

from fakefal.protocol.errors.catalog import error_names
from fakefal.scenario.model.failure import FailSpec
from fakefal.scenario.model.reply import Reply
from tests.scenario.error_types import error_types


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ({}, "fail_form"),
        ({"msg": "x"}, "fail_form"),
        ({"error_type": "mine"}, "status_needed"),
        ({"error_type": "content_policy_violation"}, "status_needed"),
    ],
)
def test_a_failure_has_a_type_an_error_type_or_a_status(data: Any, kind: str) -> None:
    assert error_types(FailSpec, data) == [kind]


def test_every_name_of_the_catalogue_is_a_failure() -> None:
    names = [*error_names()]
    assert [Reply.model_validate({"fail": name}).fail for name in names] == names


@pytest.mark.parametrize("data", [{"type": "x", "error_type": "y"}, {"type": "x", "body": None}])
def test_the_forms_of_a_failure_cannot_be_combined(data: Any) -> None:
    assert error_types(FailSpec, data) == ["conflict"]
