"""Lifecycles and access lists (docs/reference/storage.md#access-control)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fakefal.protocol.errors.errors import ApiError
from fakefal.protocol.storage.file_acl import DEFAULT_LIFECYCLE, Acl, Lifecycle, read_lifecycle

FIRST, SECOND = "x-fal-object-lifecycle", "x-fal-object-lifecycle-preference"


@pytest.mark.parametrize("name", [FIRST, SECOND])
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({}, DEFAULT_LIFECYCLE),
        ({"expiration_duration_seconds": 3600}, Lifecycle(3600.0)),
        ({"expiration_duration_seconds": 0}, DEFAULT_LIFECYCLE),
        ({"expiration_duration_seconds": None, "initial_acl": None}, DEFAULT_LIFECYCLE),
        ({"initial_acl": {"default": "hide"}}, Lifecycle(None, Acl("hide"))),
        (
            {"initial_acl": {"rules": [{"user": "a", "decision": "forbid"}]}},
            Lifecycle(None, Acl("allow", (("a", "forbid"),))),
        ),
    ],
)
def test_either_header_sets_lifetime_and_acl(name: str, value: Any, expected: Lifecycle) -> None:
    assert read_lifecycle({name: json.dumps(value)}) == expected


def test_without_a_header_the_default_lifecycle_applies() -> None:
    assert read_lifecycle({}) == DEFAULT_LIFECYCLE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1h",
        "[]",
        '{"expiration_duration_seconds": -1}',
        '{"expiration_duration_seconds": true}',
        '{"expiration_duration_seconds": "60"}',
        '{"expiration_duration_seconds": NaN}',
        '{"initial_acl": "hide"}',
        '{"initial_acl": {"default": "perhaps"}}',
        '{"initial_acl": {"rules": {}}}',
        '{"initial_acl": {"rules": [1]}}',
        '{"initial_acl": {"rules": [{"user": 1, "decision": "allow"}]}}',
        '{"initial_acl": {"rules": [{"user": "a", "decision": []}]}}',
        "\udcff",
    ],
)
def test_a_malformed_lifecycle_is_a_bad_request(text: str) -> None:
    with pytest.raises(ApiError) as caught:
        read_lifecycle({SECOND: text})
    assert caught.value.status == 400
    assert caught.value.body["error_type"] == "bad_request"
    assert "X-Fal-Object-Lifecycle-Preference" in caught.value.body["detail"]


@pytest.mark.parametrize(
    ("names", "decision"),
    [([], "forbid"), (["a"], "hide"), (["b"], "allow"), (["a", "b"], "allow"), (["c"], "forbid")],
)
def test_the_most_open_rule_applies(names: list[str], decision: str) -> None:
    acl = Acl("forbid", (("a", "hide"), ("b", "allow")))
    assert acl.decide(names) == decision
