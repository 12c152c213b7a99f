"""Webhooks that wait for each other; ``problems.txt`` has the exact texts."""

from __future__ import annotations

from typing import Any

import pytest

from fakefal.scenario.files.checks.webhooks import check_webhooks
from fakefal.scenario.files.source import Source


def behind(own: str | None, other: Any) -> dict[str, Any]:
    exchange: dict[str, Any] = {"reply": {"webhook": {"behind": other}}}
    return exchange if own is None else {"id": own, **exchange}


@pytest.mark.parametrize(
    ("exchanges", "count"),
    [
        ([{"id": "a"}, behind("b", "a")], 0),
        ([{"id": "a"}, behind(None, "a")], 0),
        ([behind("a", "a")], 1),
        ([behind("a", "b"), behind("b", "c"), behind("c", "a")], 3),
        ([behind("a", "b"), behind("b", "b")], 1),
        ([behind(None, "a")], 1),
        ([behind(1, 2), 5, None, {"id": []}, {"reply": 3}, {"replies": 4}], 0),  # type: ignore[arg-type]  # also invalid files
    ],
)
def test_a_webhook_must_not_wait_forever(exchanges: list[Any], count: int) -> None:
    source = Source("s", {"fakefal": 1, "exchanges": exchanges})
    assert len(list(check_webhooks(source, exchanges))) == count
