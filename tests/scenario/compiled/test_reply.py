"""Which replies need job options of their own."""

from __future__ import annotations

from typing import Any

import pytest

from fakefal.scenario.compiler.reply import compile_reply
from fakefal.scenario.model.reply import Reply


@pytest.mark.parametrize(
    ("reply", "has_default_options"),
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
def test_a_reply_that_changes_how_its_jobs_behave_has_options(
    reply: dict[str, Any], has_default_options: bool
) -> None:
    compiled = compile_reply(Reply.model_validate(reply))
    assert compiled.has_default_options is has_default_options
