"""Which replies behave like any other."""

from __future__ import annotations

from typing import Any

import pytest

from fakefal.scenario.compiler.reply import compile_reply
from fakefal.scenario.model.reply import Reply


@pytest.mark.parametrize(
    ("reply", "is_usual"),
    [
        ({"text": "hi"}, True),
        ({"timeline": []}, True),
        ({"retries": 0}, True),
        ({"retries": 1}, False),
        ({"cancel": "accepted"}, False),
        ({"result_ttl": "1h"}, False),
        ({"faults": {"status": ["reset"]}}, False),
    ],
)
def test_a_plan_is_usual_if_its_job_needs_no_conduct_of_its_own(
    reply: dict[str, Any], is_usual: bool
) -> None:
    assert compile_reply(Reply.model_validate(reply)).has_default_options is is_usual
