"""Scenario-wide fields of several scenarios, compiled into one environment."""

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


def environment(*defaults: dict[str, Any]) -> CompiledEnvironment | None:
    """The environment of scenarios that are used together."""
    files = [
        (f"{number}.yaml", flatten_defaults(ScenarioDefaults.model_validate(data)))
        for number, data in enumerate(defaults)
    ]
    return compile_environment(merge_parts(files))


def account(**data: Any) -> Account:
    compiled = environment({"account": data})
    assert compiled is not None
    return compiled.account_of("id:secret")


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
def test_without_anything_that_goes_wrong_there_is_no_environment(data: dict[str, Any]) -> None:
    assert environment(data) is None


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
def test_reads_are_allowed_for_a_locked_account_and_not_for_a_bad_key(
    data: dict[str, Any], expected: Account
) -> None:
    assert account(**data) == expected


def test_accounts_of_keys_override_the_account_of_every_key() -> None:
    compiled = environment({"account": "bad-key", "accounts": {"vip:*": {}, "poor:*": "locked"}})
    assert compiled is not None
    assert compiled.account_of("vip:x").rejection is None
    assert compiled.account_of("poor:x").rejection == BALANCE
    assert compiled.account_of("x:x").rejection == CATALOG["bad_key"]


def test_apps_are_compiled() -> None:
    compiled = environment(
        {
            "apps": {
                "fal-ai/any-llm": {"runners": 2, "request_timeout": "1m", "cancel": "accepted"},
                "fal-ai/flux": {"queue_length": 7},
                "*": "removed",
            }
        }
    )
    assert compiled is not None
    apps = {
        name: compiled.app_of(endpoint)
        for name in ("fal-ai/any-llm", "fal-ai/flux", "me/app")
        if (endpoint := parse_endpoint(name)) is not None
    }
    assert apps == {
        "fal-ai/any-llm": App(runners=2, request_seconds=60.0, cancel="accepted"),
        "fal-ai/flux": App(foreign_queue_length=7),
        "me/app": App(is_removed=True),
    }


def test_a_host_is_down_with_its_aliases() -> None:
    compiled = environment({"hosts": {"rest.alpha.fal.ai": "down"}})
    assert compiled is not None
    assert compiled.down_hosts == {"rest.fal.ai"}


def test_chaos_applies_to_every_operation_by_default() -> None:
    everywhere = environment({"chaos": {"rate": 0.5, "faults": ["reset", "500 x3"]}})
    assert everywhere is not None
    assert everywhere.chaos is not None
    assert (everywhere.chaos.rate, everywhere.chaos.seed) == (0.5, 0)
    assert everywhere.chaos.operations == set(OPERATIONS)
    assert len(everywhere.chaos.faults) == 2
    some = environment({"chaos": {"rate": 0.5, "faults": "reset", "on": ["run"]}})
    assert some is not None
    assert some.chaos is not None
    assert some.chaos.operations == {"run"}


def test_the_fields_of_a_scenario_override_its_presets() -> None:
    compiled = environment(
        {"preset": ["queue-too-long", "app-removed"], "apps": {"*": {"queue_length": 3}}}
    )
    assert compiled is not None
    (app,) = [app for _, app in compiled.apps]
    assert app == App(foreign_queue_length=3)


def test_presets_add_up_and_later_ones_override() -> None:
    compiled = environment({"preset": ["upload-put-503", "upload-locked", "upload-token-expired"]})
    assert compiled is not None
    assert set(compiled.faults) == {"upload", "upload_put"}
    fault = compiled.faults["upload_put"].at(0).bind(None)
    assert fault is not None
    assert fault.journal_status == 401


def test_several_scenarios_add_up() -> None:
    compiled = environment(
        {"apps": {"a/b": "removed"}, "faults": {"submit": "reset"}, "account": "bad-key"},
        {
            "apps": {"c/d": {"runners": 1}},
            "faults": {"status": "500"},
            "hosts": {"fal.run": "down"},
        },
        {
            "apps": {"a/b": "removed"},
            "faults": {"submit": ["reset"]},
            "account": {"state": "bad-key"},
        },
    )
    assert compiled is not None
    assert [pattern for pattern, _ in compiled.apps] == ["a/b", "c/d"]
    assert set(compiled.faults) == {"submit", "status"}
    assert compiled.down_hosts == {"fal.run"}


@pytest.mark.parametrize(
    ("one", "other", "message"),
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
def test_scenarios_that_disagree_are_rejected_with_both_names(
    one: dict[str, Any], other: dict[str, Any], message: str
) -> None:
    with pytest.raises(ScenarioError) as caught:
        environment(one, other)
    assert str(caught.value).startswith(f"1.yaml: {message}")
    assert "0.yaml" in str(caught.value)


def test_without_a_limit_concurrency_is_infinite() -> None:
    assert account(state="bad-key").concurrency == math.inf
