"""What the troubles of a file say that never does anything."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.protocol.errors.fault import OPERATIONS
from fakefal.scenario.files.checks.faults import check_scenario_faults
from fakefal.scenario.files.checks.general import check_semantics
from fakefal.scenario.files.source import Source
from tests.scenario.strategies import JSON, Data


def places(data: Any) -> list[str]:
    return [it.path for it in check_semantics(Source("s", data))]


def in_faults(operation: str, fault: Any, via: Any = None) -> list[str]:
    """What is found in a fault of a reply, without the way to the fault itself."""
    when = {} if via is None else {"when": {"via": via}}
    data = {"exchanges": [{**when, "reply": {"faults": {operation: [fault]}}}]}
    return [it.removeprefix(f"exchanges[0].reply.faults.{operation}") for it in places(data)]


@pytest.mark.parametrize(
    ("via", "operation", "is_met"),
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
def test_faults_of_operations_that_no_call_comes_to(via: Any, operation: str, is_met: bool) -> None:
    assert in_faults(operation, "reset", via) == ([] if is_met else [""])


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(
    ("fault", "place", "right"),
    [
        ({"cut": {}}, "[0].cut", ("stream", "status_stream")),
        ("too-early", "[0]", ("result",)),
        ({"too_early": True}, "[0].too_early", ("result",)),
        ("empty x2", "[0]", ("not", "stream", "status_stream")),
        ("broken-json", "[0]", ("not", "stream", "status_stream")),
        ({"body": "x"}, "[0].body", ("not", "stream", "status_stream")),
        ({"body": "x", "status": 500}, "", OPERATIONS),
        ({"body": "x", "fail": "bad_key"}, "", OPERATIONS),
        ("reset", "", OPERATIONS),
        ({"too_early": False}, "", OPERATIONS),
        ("no fault at all", "", OPERATIONS),
    ],
)
def test_what_does_nothing_to_some_operations(
    operation: str, fault: Any, place: str, right: tuple[str, ...]
) -> None:
    is_right = (operation in right) is not ("not" in right)
    found = places({"faults": {operation: [fault]}})
    assert found == ([] if is_right else [f"faults.{operation}{place}"])


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        ({"cut": {"for": "1s"}}, ["[0].cut.for"]),
        ({"cut": {"for": "1s", "how": "stall"}}, []),
        ({"set": {"a": 1}, "drop": ["b"]}, []),
    ],
)
def test_what_does_nothing_beside_something_else(fault: Any, found: list[str]) -> None:
    assert in_faults("stream", fault) == found


def test_a_body_makes_changes_of_fields_needless() -> None:
    fault = {"body": "x", "set": {"a": 1}, "drop": ["b"]}
    assert in_faults("run", fault) == ["[0].drop", "[0].set"]


@pytest.mark.parametrize(
    ("entries", "found"),
    [
        (["reset x*"], []),
        (["500", "reset x*"], []),
        (["reset x*", "500", "500"], ["faults.run[1]"]),
        ([{"reset": "before", "times": "always"}, "ok"], ["faults.run[1]"]),
        ("reset x*", []),
    ],
)
def test_what_comes_after_a_fault_without_end(entries: Any, found: list[str]) -> None:
    assert places({"faults": {"run": entries}}) == found


@pytest.mark.parametrize(
    ("cut", "found"),
    [
        ({"how": "stall", "for": "2s"}, []),
        ({"for": "2s"}, ["for"]),
        ({"how": "reset", "for": "2s", "error": "x"}, ["for", "error"]),
        ({"how": "error", "error": "x"}, []),
        (5, []),
    ],
)
def test_what_goes_with_one_end_of_a_stream_alone(cut: Any, found: list[str]) -> None:
    data = {"exchanges": [{"replies": [{"stream": {"cut": cut}}]}]}
    assert places(data) == [f"exchanges[0].replies[0].stream.cut.{name}" for name in found]


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ({"account": {"after": 1, "reads": "refused"}}, ["account.after", "account.reads"]),
        ({"account": {"state": "bad-key", "after": 1}}, []),
        ({"account": {"concurrency": 1}}, []),
        ({"accounts": {"a": {"after": 1}, "b": "bad-key"}}, ["accounts.a.after"]),
        ({"apps": {"a/b": {"gone": True, "runners": 1}, "c/d": "gone"}}, ["apps.a/b.runners"]),
        ({"apps": {"a/b": {"gone": False, "runners": 1}}}, []),
        (
            {"exchanges": [{"reply": {"fail": "bad_key", "omit": ["a"]}}]},
            ["exchanges[0].reply.omit"],
        ),
        ({"exchanges": [{"reply": {"text": "x", "omit": ["a"]}}]}, []),
    ],
)
def test_what_does_nothing_in_the_rest(data: Data, found: list[str]) -> None:
    assert places(data) == found


NAMES = ["faults", "account", "accounts", "apps", "stream", "cut", "run", "times", "gone", "via"]


@given(
    st.recursive(JSON, lambda inner: st.dictionaries(st.sampled_from(NAMES), inner), max_leaves=8)
)
def test_a_file_of_any_shape_can_be_checked(value: Any) -> None:
    list(check_scenario_faults(Source("s", value)))
    faults = {"faults": dict.fromkeys(OPERATIONS, value), "stream": {"cut": value}, "omit": value}
    places({"exchanges": [{"when": value, "reply": faults}, {"when": {"via": value}}]})
    places({"faults": {"run": [value]}, "account": value, "apps": {"a": value}, "accounts": value})
