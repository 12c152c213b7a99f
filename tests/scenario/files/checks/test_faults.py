"""Checks of faults: settings without effect."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.protocol.errors.fault import OPERATIONS
from fakefal.scenario.files.checks.faults import check_scenario_faults
from fakefal.scenario.files.checks.general import check_semantics
from fakefal.scenario.files.source import Source
from tests.scenario.strategies import JSON, Data


def paths(data: Any) -> list[str]:
    return [problem.path for problem in check_semantics(Source("s", data))]


def in_faults(operation: str, fault: Any, via: Any = None) -> list[str]:
    """The paths of problems in a fault of a reply, relative to the operation."""
    when = {} if via is None else {"when": {"via": via}}
    data = {"exchanges": [{**when, "reply": {"faults": {operation: [fault]}}}]}
    return [path.removeprefix(f"exchanges[0].reply.faults.{operation}") for path in paths(data)]


@pytest.mark.parametrize(
    ("via", "operation", "is_used"),
    [
        ("queue", "submit", True),
        ("queue", "cancel", True),
        ("queue", "run", False),
        (["queue", "run"], "run", True),
        (["run", "stream"], "status_stream", False),
        ("stream", "stream", True),
        ("run", "stream", False),
        (["run", "ws"], "submit", False),
        ("realtime", "submit", False),
        (None, "run", True),
        ([], "run", True),
        ([5], "run", True),
    ],
)
def test_faults_of_operations_that_no_call_has(via: Any, operation: str, is_used: bool) -> None:
    assert in_faults(operation, "reset", via) == ([] if is_used else [""])


STREAMS = {"stream", "status_stream"}
ALL = {str(operation) for operation in OPERATIONS}
FAULTS: list[tuple[Any, str, set[str]]] = [
    ({"cut": {}}, "[0].cut", STREAMS),
    ("too-early", "[0]", {"result"}),
    ({"too_early": True}, "[0].too_early", {"result"}),
    ("empty x2", "[0]", ALL - STREAMS),
    ("broken-json", "[0]", ALL - STREAMS),
    ({"body": "x"}, "[0].body", ALL - STREAMS),
    ({"body": "x", "status": 500}, "", ALL),
    ({"body": "x", "fail": "bad_key"}, "", ALL),
    ("reset", "", ALL),
    ({"too_early": False}, "", ALL),
    ("no fault at all", "", ALL),
]
"""Faults, the path of the problem, and the operations on which the fault has an effect."""


def test_faults_without_effect_on_an_operation_are_reported() -> None:
    wrong = []
    for operation, (fault, path, valid) in product(OPERATIONS, FAULTS):
        expected = [] if operation in valid else [f"faults.{operation}{path}"]
        if paths({"faults": {operation: [fault]}}) != expected:
            wrong.append((operation, fault))
    assert wrong == []


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"cut": {"for": "1s"}}, ["[0].cut.for"]),
        ({"cut": {"for": "1s", "how": "stall"}}, []),
        ({"set": {"a": 1}, "drop": ["b"]}, []),
    ],
)
def test_fields_of_cut_require_their_how(fault: Any, expected: list[str]) -> None:
    assert in_faults("stream", fault) == expected


def test_drop_and_set_have_no_effect_with_a_body() -> None:
    fault = {"body": "x", "set": {"a": 1}, "drop": ["b"]}
    assert in_faults("run", fault) == ["[0].drop", "[0].set"]


@pytest.mark.parametrize(
    ("fault_list", "expected"),
    [
        (["reset x*"], []),
        (["500", "reset x*"], []),
        (["reset x*", "500", "500"], ["faults.run[1]"]),
        ([{"reset": "before", "times": "always"}, "ok"], ["faults.run[1]"]),
        ("reset x*", []),
    ],
)
def test_faults_after_an_endless_one_are_reported(fault_list: Any, expected: list[str]) -> None:
    assert paths({"faults": {"run": fault_list}}) == expected


@pytest.mark.parametrize(
    ("cut", "expected"),
    [
        ({"how": "stall", "for": "2s"}, []),
        ({"for": "2s"}, ["for"]),
        ({"how": "reset", "for": "2s", "error": "x"}, ["for", "error"]),
        ({"how": "error", "error": "x"}, []),
        (5, []),
    ],
)
def test_fields_of_a_streams_cut_require_their_how(cut: Any, expected: list[str]) -> None:
    data = {"exchanges": [{"replies": [{"stream": {"cut": cut}}]}]}
    assert paths(data) == [f"exchanges[0].replies[0].stream.cut.{name}" for name in expected]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"account": {"after": 1, "reads": "refused"}}, ["account.after", "account.reads"]),
        ({"account": {"state": "bad-key", "after": 1}}, []),
        ({"account": {"concurrency": 1}}, []),
        ({"accounts": {"a": {"after": 1}, "b": "bad-key"}}, ["accounts.a.after"]),
        (
            {"apps": {"a/b": {"removed": True, "runners": 1}, "c/d": "removed"}},
            ["apps.a/b.runners"],
        ),
        ({"apps": {"a/b": {"removed": False, "runners": 1}}}, []),
        (
            {"exchanges": [{"reply": {"fail": "bad_key", "omit_fields": ["a"]}}]},
            ["exchanges[0].reply.omit_fields"],
        ),
        ({"exchanges": [{"reply": {"text": "x", "omit_fields": ["a"]}}]}, []),
    ],
)
def test_settings_of_accounts_apps_and_replies_without_effect_are_reported(
    data: Data, expected: list[str]
) -> None:
    assert paths(data) == expected


NAMES = ["faults", "account", "accounts", "apps", "stream", "cut", "run", "times", "removed", "via"]


@given(
    st.recursive(JSON, lambda inner: st.dictionaries(st.sampled_from(NAMES), inner), max_leaves=8)
)
def test_a_file_of_any_shape_can_be_checked(value: Any) -> None:
    list(check_scenario_faults(Source("s", value)))
    faults = {
        "faults": dict.fromkeys(OPERATIONS, value),
        "stream": {"cut": value},
        "omit_fields": value,
    }
    paths({"exchanges": [{"when": value, "reply": faults}, {"when": {"via": value}}]})
    paths({"faults": {"run": [value]}, "account": value, "apps": {"a": value}, "accounts": value})
