"""Validation of scenario-wide fields."""

from __future__ import annotations

from typing import Any

import pytest

from fakefal.protocol.core.hosts import CANONICAL_HOSTS
from fakefal.protocol.errors.catalog import CATALOG
from fakefal.scenario.files.loader import load_text
from fakefal.scenario.model.defaults import ACCOUNT_STATES, AccountSpec, ScenarioDefaults
from tests.scenario.error_types import error_types


def defaults(**data: Any) -> ScenarioDefaults:
    return ScenarioDefaults.model_validate(data)


@pytest.mark.parametrize("state", ACCOUNT_STATES)
def test_the_state_of_an_account_is_an_error_401_or_403(state: str) -> None:
    account = defaults(account=state).account
    assert account == AccountSpec(state=state)
    assert CATALOG[state.replace("-", "_")].status in (401, 403)


@pytest.mark.parametrize(
    ("written", "state"),
    [("exhausted_balance", "exhausted-balance"), ("locked", "exhausted-balance")],
)
def test_a_state_has_aliases(written: str, state: str) -> None:
    account = defaults(account=written).account
    assert account is not None
    assert account.state == state


def test_short_forms_stand_for_long_ones() -> None:
    short = defaults(
        preset="account-locked",
        apps={"*": "removed"},
        chaos={"rate": 0.5, "faults": "reset", "on": "submit"},
        accounts={"a:*": "bad-key"},
    )
    assert short == defaults(
        preset=["account-locked"],
        apps={"*": {"removed": True}},
        chaos={"rate": 0.5, "faults": ["reset"], "on": ["submit"]},
        accounts={"a:*": {"state": "bad-key"}},
    )


@pytest.mark.parametrize("host", sorted(CANONICAL_HOSTS))
def test_every_host_of_fal_may_be_down(host: str) -> None:
    assert defaults(hosts={host: "down"}).hosts == {host: "down"}


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ({"account": "happy"}, "account_state"),
        ({"account": "runner-disconnected"}, "account_state"),
        ({"account": "concurrency"}, "account_state"),
        ({"account": {"state": "bad-key", "after": -1}}, "greater_than_equal"),
        ({"account": {"reads": "sometimes"}}, "literal_error"),
        ({"account": {"concurrency": 0}}, "greater_than_equal"),
        ({"accounts": {"a": "happy"}}, "account_state"),
        ({"apps": {"*": "here"}}, "model_type"),
        ({"apps": {"*": {"runners": 0}}}, "greater_than_equal"),
        ({"apps": {"*": {"runners": 10_001}}}, "less_than_equal"),
        ({"apps": {"*": {"queue_length": -1}}}, "greater_than_equal"),
        ({"apps": {"*": {"request_timeout": "soon"}}}, "duration"),
        ({"apps": {"*": {"cancel": "perhaps"}}}, "literal_error"),
        ({"hosts": {"example": "down"}}, "host"),
        ({"hosts": {"fal.run": "slow"}}, "literal_error"),
        ({"hosts": "fal.run"}, "dict_type"),
        ({"chaos": {"rate": 2, "faults": ["reset"]}}, "less_than_equal"),
        ({"chaos": {"rate": -0.1, "faults": ["reset"]}}, "greater_than_equal"),
        ({"chaos": {"rate": 0.5}}, "missing"),
        ({"chaos": {"rate": 0.5, "faults": []}}, "too_short"),
        ({"chaos": {"rate": 0.5, "faults": ["nope"]}}, "fault_name"),
        ({"chaos": {"rate": 0.5, "faults": ["reset"], "on": "phone"}}, "literal_error"),
        ({"preset": "stuck-in-queue"}, "scenario_preset"),
        ({"preset": "nope"}, "scenario_preset"),
        ({"preset": 5}, "scenario_preset"),
        ({"faults": {"phone": ["reset"]}}, "extra_forbidden"),
    ],
)
def test_invalid_fields_are_rejected(data: dict[str, Any], kind: str) -> None:
    assert error_types(ScenarioDefaults, data) == [kind]


def test_faults_in_yaml_need_no_quotes() -> None:
    text = """
fakefal: 1
chaos: {rate: 0.1, faults: [500, reset x2], on: [submit, status]}
faults: {status: [429, ok, 503 x*], download: 404}
hosts: {queue.fal.run: down}
accounts: {"on:*": no-access, "*": {concurrency: 2}}
"""
    scenario = load_text(text, "s.yaml").scenario
    assert scenario.chaos is not None
    assert scenario.chaos.on == ["submit", "status"]
    assert scenario.faults is not None
    assert scenario.faults.status == ["429", "ok", "503 x*"]
    assert scenario.faults.download == ["404"]
