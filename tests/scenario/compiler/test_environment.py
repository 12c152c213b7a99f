"""Circumstances of several scenarios, made into one world."""

from __future__ import annotations

import math
from typing import Any

import pytest

from fakefal.errors import ScenarioError
from fakefal.protocol.core.endpoints import parse_endpoint
from fakefal.protocol.errors.catalog import CATALOG
from fakefal.protocol.errors.fault import OPERATIONS
from fakefal.scenario.compiled.environment import Account, App, CompiledEnvironment
from fakefal.scenario.compiler.environment import compile_environment, flatten_defaults, merge_parts
from fakefal.scenario.model.defaults import ScenarioDefaults

BALANCE = CATALOG["exhausted_balance"]


def world(*given: dict[str, Any]) -> CompiledEnvironment | None:
    """The world of scenarios that are used together."""
    files = [
        (f"{number}.yaml", flatten_defaults(ScenarioDefaults.model_validate(data)))
        for number, data in enumerate(given)
    ]
    return compile_environment(merge_parts(files))


def account(**data: Any) -> Account:
    made = world({"account": data})
    assert made is not None
    return made.account_of("id:secret")


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"preset": []},
        {"options": {"logs": "window"}},
        {"chaos": {"rate": 0, "faults": "reset"}},
        {"apps": {}},
    ],
)
def test_where_nothing_is_out_of_the_ordinary_there_is_no_world(data: dict[str, Any]) -> None:
    assert world(data) is None


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"state": "exhausted-balance"}, Account(BALANCE)),
        ({"state": "exhausted-balance", "after": 1}, Account(BALANCE, 1)),
        ({"state": "exhausted-balance", "reads": "refused"}, Account(BALANCE, 0, False)),
        ({"state": "bad-key"}, Account(CATALOG["bad_key"], 0, False)),
        ({"state": "bad-key", "reads": "allowed"}, Account(CATALOG["bad_key"], 0, True)),
        ({"concurrency": 2}, Account(concurrency=2)),
    ],
)
def test_of_a_locked_account_reads_are_allowed_and_of_a_bad_key_not(
    data: dict[str, Any], expected: Account
) -> None:
    assert account(**data) == expected


def test_single_keys_go_before_every_key() -> None:
    made = world({"account": "bad-key", "accounts": {"vip:*": {}, "poor:*": "locked"}})
    assert made is not None
    assert made.account_of("vip:x").rejection is None
    assert made.account_of("poor:x").rejection == BALANCE
    assert made.account_of("x:x").rejection == CATALOG["bad_key"]


def test_an_app_is_as_it_is_written() -> None:
    made = world(
        {
            "apps": {
                "fal-ai/any-llm": {"runners": 2, "request_timeout": "1m", "cancel": "accepted"},
                "fal-ai/flux": {"queue_length": 7},
                "*": "removed",
            }
        }
    )
    assert made is not None
    found = {
        name: made.app_of(endpoint)
        for name in ("fal-ai/any-llm", "fal-ai/flux", "me/app")
        if (endpoint := parse_endpoint(name)) is not None
    }
    assert found == {
        "fal-ai/any-llm": App(runners=2, request_seconds=60.0, cancel="accepted"),
        "fal-ai/flux": App(foreign_queue_length=7),
        "me/app": App(is_removed=True),
    }


def test_a_host_is_down_under_all_its_names() -> None:
    made = world({"hosts": {"rest.alpha.fal.ai": "down"}})
    assert made is not None
    assert made.down_hosts == {"rest.fal.ai"}


def test_chaos_meets_every_operation_unless_some_are_named() -> None:
    everywhere = world({"chaos": {"rate": 0.5, "faults": ["reset", "500 x3"]}})
    assert everywhere is not None
    assert everywhere.chaos is not None
    assert (everywhere.chaos.rate, everywhere.chaos.seed) == (0.5, 0)
    assert everywhere.chaos.operations == set(OPERATIONS)
    assert len(everywhere.chaos.faults) == 2
    some = world({"chaos": {"rate": 0.5, "faults": "reset", "on": ["run"]}})
    assert some is not None
    assert some.chaos is not None
    assert some.chaos.operations == {"run"}


def test_what_is_written_goes_before_the_presets() -> None:
    made = world({"preset": ["queue-too-long", "app-removed"], "apps": {"*": {"queue_length": 3}}})
    assert made is not None
    (found,) = [app for _, app in made.apps]
    assert found == App(foreign_queue_length=3)


def test_presets_add_up_and_the_later_goes_before() -> None:
    made = world({"preset": ["upload-put-503", "upload-locked", "upload-token-expired"]})
    assert made is not None
    assert set(made.faults) == {"upload", "upload_put"}
    met = made.faults["upload_put"].at(0).bind(None)
    assert met is not None
    assert met.journal_status == 401


def test_parts_of_several_scenarios_add_up() -> None:
    made = world(
        {"apps": {"a/b": "removed"}, "faults": {"submit": "reset"}, "account": "bad-key"},
        {
            "apps": {"c/d": {"runners": 1}},
            "faults": {"status": "500"},
            "hosts": {"fal.run": "down"},
        },
        {"apps": {"a/b": "removed"}, "faults": {"submit": ["reset"]}, "account": {"state": "bad-key"}},
    )
    assert made is not None
    assert [pattern for pattern, _ in made.apps] == ["a/b", "c/d"]
    assert set(made.faults) == {"submit", "status"}
    assert made.down_hosts == {"fal.run"}


@pytest.mark.parametrize(
    ("one", "other", "what"),
    [
        ({"account": "bad-key"}, {"account": "locked"}, "account: account is "),
        ({"apps": {"a/b": "removed"}}, {"apps": {"a/b": {"runners": 1}}}, "apps: a/b is "),
        ({"faults": {"run": "reset"}}, {"faults": {"run": "hang"}}, "faults: run is "),
        ({"options": {"logs": "window"}}, {"options": {"logs": "cumulative"}}, "options: logs is "),
        (
            {"chaos": {"rate": 0.1, "faults": "reset"}},
            {"chaos": {"rate": 0.2, "faults": "reset"}},
            "chaos: chaos is ",
        ),
    ],
)
def test_scenarios_that_disagree_are_refused_with_both_names(
    one: dict[str, Any], other: dict[str, Any], what: str
) -> None:
    with pytest.raises(ScenarioError) as caught:
        world(one, other)
    assert str(caught.value).startswith(f"1.yaml: {what}")
    assert "0.yaml" in str(caught.value)


def test_no_limit_is_no_number() -> None:
    assert account(state="bad-key").concurrency == math.inf
