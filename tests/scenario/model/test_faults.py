"""Validation of ``faults``: words and mappings."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.protocol.errors.catalog import CATALOG
from fakefal.protocol.errors.fault import OPERATIONS
from fakefal.scenario.model.faults import (
    FAULT_DESCRIPTIONS,
    MAX_TIMES,
    AllFaults,
    CallFaults,
    FaultShorthand,
    FaultSpec,
    fault_names,
    parse_fault,
    split_accepted,
)
from tests.scenario.error_types import error_types


@pytest.mark.parametrize(
    ("text", "word", "times"),
    [
        ("reset", "reset", 1),
        (" reset ", "reset", 1),
        ("reset x2", "reset", 2),
        ("reset   x12", "reset", 12),
        ("reset x*", "reset", "always"),
        ("reset x99999", "reset", MAX_TIMES),
        ("429", "429", 1),
        ("599 x3", "599", 3),
        ("nginx-502 x2", "nginx-502", 2),
        ("nginx_502", "nginx_502", 1),
        ("content_policy", "content_policy", 1),
        ("accepted-then-reset", "accepted-then-reset", 1),
        ("accept-then-reset", "accepted-then-reset", 1),
        ("accepted-then-nginx-502 x*", "accepted-then-nginx-502", "always"),
        ("accepted-then-500", "accepted-then-500", 1),
        ("ok x3", "ok", 3),
    ],
)
def test_a_fault_is_parsed_into_its_word_and_number(text: str, word: str, times: Any) -> None:
    assert parse_fault(text) == FaultShorthand(word=word, times=times)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "resett",
        "reset x0",
        "reset x",
        "reset x-1",
        "reset 2",
        "reset, reset",
        "399",
        "600",
        "٤٠٤",
    ],
)
def test_text_that_is_not_a_fault_is_none(text: str) -> None:
    assert parse_fault(text) is None


def test_every_name_of_a_fault_is_accepted() -> None:
    names = fault_names()
    assert [name for name in names if parse_fault(name) is None] == []
    assert CallFaults.model_validate({"submit": names}).submit == names


def test_every_error_of_the_catalogue_is_a_fault() -> None:
    names = [*CATALOG, *(f"accepted-then-{name}" for name in CATALOG)]
    assert [parse_fault(name) for name in names] == [FaultShorthand(word=name) for name in names]


@given(st.text(max_size=20) | st.sampled_from(fault_names()).map(lambda word: f"{word} x"))
def test_any_text_is_a_fault_or_none(text: str) -> None:
    shorthand = parse_fault(text)
    assert shorthand is None or split_accepted(shorthand.word)[0]


def test_the_prefix_of_an_executed_request_is_split_off() -> None:
    assert split_accepted("accepted-then-500") == ("500", True)
    assert split_accepted("reset") == ("reset", False)


@pytest.mark.parametrize("one", ["reset", 500, {"status": 500}])
def test_a_single_fault_needs_no_list(one: Any) -> None:
    assert CallFaults.model_validate({"run": one}) == CallFaults.model_validate({"run": [one]})


def test_every_operation_has_its_field() -> None:
    assert set(AllFaults.model_fields) == set(OPERATIONS)
    of_replies = set(OPERATIONS) - {"upload", "upload_put", "token", "download", "platform"}
    assert set(CallFaults.model_fields) == of_replies


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ({}, "fault_form"),
        ({"times": 2}, "fault_form"),
        ({"accepted": True, "times": "always"}, "fault_form"),
        ({"reset": "before", "close": "before"}, "conflict"),
        ({"hang": "before", "truncate": 0.5}, "conflict"),
        ({"cut": {}, "reset": "during"}, "conflict"),
        ({"fail": "bad_key", "status": 500}, "conflict"),
        ({"for": "2s"}, "for_alone"),
        ({"for": "2s", "reset": "before"}, "for_alone"),
        ({"hang": "before", "for": "soon"}, "duration"),
        ({"hang": "sometimes"}, "literal_error"),
        ({"truncate": 1.1}, "share"),
        ({"truncate": "40"}, "share"),
        ({"truncate": True}, "share"),
        ({"truncate": "101%"}, "share"),
        ({"status": 199}, "greater_than_equal"),
        ({"status": 600}, "less_than_equal"),
        ({"header_bytes": 0}, "greater_than_equal"),
        ({"header_bytes": 1_000_001}, "less_than_equal"),
        ({"headers": {"a b": "c"}}, "header_name"),
        ({"slow": {"bytes": 0}}, "greater_than_equal"),
        ({"fail": "nope"}, "error_name"),
        ({"nope": 1}, "extra_forbidden"),
    ],
)
def test_invalid_mappings_are_rejected(data: dict[str, Any], kind: str) -> None:
    assert kind in error_types(FaultSpec, data)


@pytest.mark.parametrize("times", [0, -1, MAX_TIMES + 1, True, "twice", 1.5])
def test_times_is_a_positive_number_or_always(times: Any) -> None:
    assert error_types(FaultSpec, {"reset": "before", "times": times})


@pytest.mark.parametrize(
    "value", ["nope", "reset x0", 200, 600, True, None, 5.5, ["reset"], "accepted-then-nope"]
)
def test_values_that_are_not_faults_are_rejected(value: Any) -> None:
    assert error_types(CallFaults, {"submit": [value]}) == ["fault_name"]


def test_a_list_of_faults_is_not_empty() -> None:
    assert error_types(CallFaults, {"submit": []}) == ["too_short"]


@pytest.mark.parametrize("share", [0, 1, 0.4, "40%", "0%", "100%", "12.5%"])
def test_a_share_is_a_number_or_a_percentage(share: Any) -> None:
    expected = float(share[:-1]) / 100 if isinstance(share, str) else share
    assert FaultSpec.model_validate({"truncate": share}).truncate == expected


def test_every_word_has_a_description() -> None:
    assert [word for word, description in FAULT_DESCRIPTIONS.items() if not description] == []
