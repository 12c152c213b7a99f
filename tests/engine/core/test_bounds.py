from __future__ import annotations

import logging

import pytest

from fakefal.engine.core.bounds import Bounds


def test_a_refusal_is_counted_and_says_which_limit_to_raise() -> None:
    bounds = Bounds()
    error = bounds.refuse("jobs", "all are unfinished")
    assert (error.status, error.body["type"]) == (429, "fakefal_limit")
    assert error.message == "all are unfinished — raise the limit with --limit jobs=NUMBER"
    assert ("Retry-After", "1") in error.headers
    assert bounds.refused == {"jobs": 1}
    assert bounds.lines() == ["1 refused by the limit of jobs — raise it with --limit jobs=NUMBER"]


def test_the_log_is_not_flooded(caplog: pytest.LogCaptureFixture) -> None:
    bounds = Bounds()
    with caplog.at_level(logging.WARNING, "fakefal"):
        for _ in range(150):
            bounds.refuse("tenants", "no")
    assert [record.getMessage().split(":")[0] for record in caplog.records] == [
        "refused for the 1. time",
        "refused for the 10. time",
        "refused for the 100. time",
    ]
