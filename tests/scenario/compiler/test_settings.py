"""Effective settings of several scenarios, and later changes."""

from __future__ import annotations

from typing import Any

import pytest

from fakefal.errors import ScenarioError
from fakefal.protocol.core.compat_flags import CompatFlags
from fakefal.scenario.builder import build_defaults
from fakefal.scenario.compiled.environment import Account, App, CompiledEnvironment
from fakefal.scenario.compiled.scenario import LoadedScenario
from fakefal.scenario.compiled.settings import EffectiveSettings
from fakefal.scenario.compiled.webhooks import CompiledJwks
from fakefal.scenario.compiler.settings import changed_settings, effective_settings
from fakefal.scenario.files.loader import load_data


def scenario(name: str = "a.yaml", seed: int | None = None, **options: Any) -> LoadedScenario:
    data: dict[str, Any] = {"fakefal": 1, "options": options}
    return load_data(data if seed is None else {**data, "seed": seed}, name)


def test_without_a_scenario_misses_are_answered() -> None:
    assert effective_settings([], 5, None, CompatFlags()) == EffectiveSettings(
        5, "generate", CompatFlags()
    )


def test_with_a_scenario_misses_fail() -> None:
    assert effective_settings([scenario()], 0, None, CompatFlags()).unmatched == "fail"


@pytest.mark.parametrize("unmatched", ["fail", "generate"])
def test_the_server_may_set_what_misses_get(unmatched: Any) -> None:
    assert effective_settings([scenario()], 0, unmatched, CompatFlags()).unmatched == unmatched


def test_a_scenario_overrides_the_server() -> None:
    settings = effective_settings(
        [scenario(seed=9, unmatched="generate", keys="strict", validate=False)],
        1,
        "fail",
        CompatFlags(keys="any", response_suffix=True),
    )
    assert (settings.seed, settings.unmatched) == (9, "generate")
    assert settings.flags == CompatFlags(keys="strict", response_suffix=True, validate=False)


def test_options_of_several_scenarios_add_up() -> None:
    settings = effective_settings(
        [scenario(profile="2025-03"), scenario(keys="strict")], 0, None, CompatFlags()
    )
    assert (settings.flags.profile, settings.flags.keys) == ("2025-03", "strict")


def test_scenarios_may_agree() -> None:
    assert (
        effective_settings([scenario(seed=3), scenario("b", seed=3)], 0, None, CompatFlags()).seed
        == 3
    )


def test_scenarios_that_disagree_are_rejected_with_both_names() -> None:
    with pytest.raises(ScenarioError) as caught:
        effective_settings([scenario("a", seed=1), scenario("b", seed=2)], 0, None, CompatFlags())
    assert str(caught.value) == (
        "b: seed: seed is 2 here and 1 in a — scenarios that are used together must agree"
    )


def changed(*changes: dict[str, Any]) -> EffectiveSettings:
    """Settings after several changes."""
    settings = EffectiveSettings()
    for data in changes:
        settings = changed_settings(settings, build_defaults(data))
    return settings


def environment(*changes: dict[str, Any]) -> CompiledEnvironment:
    compiled = changed(*changes).environment
    assert compiled is not None
    return compiled


def test_a_change_keeps_all_other_settings() -> None:
    first = changed({"options": {"logs": "window"}, "apps": {"a/b": "removed"}})
    settings = changed_settings(
        first, build_defaults({"options": {"subpath": "refuse-405"}, "faults": {"run": 500}})
    )
    assert settings.flags == CompatFlags(logs="window", subpath="refuse-405")
    assert settings.environment is not None
    assert first.environment is not None
    assert settings.environment.apps == first.environment.apps
    assert set(settings.environment.faults) == {"run"}
    assert (settings.seed, settings.unmatched) == (first.seed, first.unmatched)


def test_a_change_may_set_what_misses_get() -> None:
    assert changed({"options": {"unmatched": "fail"}}).unmatched == "fail"


def test_a_later_change_overrides_an_earlier_one() -> None:
    assert (
        environment({"apps": {"*": "removed"}}, {"apps": {"*": {"runners": 1}}}).apps[0][1].runners
        == 1
    )
    assert (
        not environment({"apps": {"*": "removed"}}, {"apps": {"*": {"runners": 1}}})
        .apps[0][1]
        .is_removed
    )


@pytest.mark.parametrize(
    ("bad", "good"),
    [
        ({"account": "locked"}, {"account": {}}),
        ({"account": {"state": "locked", "after": 1}}, {"account": {"after": 0}}),
        ({"apps": {"*": "removed"}}, {"apps": {"*": {}}}),
        (
            {"chaos": {"rate": 1, "faults": "reset"}},
            {"chaos": {"rate": 0, "faults": "reset"}},
        ),
    ],
)
def test_faults_can_be_turned_off_again(bad: dict[str, Any], good: dict[str, Any]) -> None:
    assert changed(bad).environment is not None
    after = changed(bad, good).environment or CompiledEnvironment()
    assert after.account_of("id:secret") == Account()
    assert [app for _, app in after.apps] in ([], [App()])
    assert after.chaos is None


def test_a_preset_is_a_change_like_any_other() -> None:
    named = changed({"options": {"logs": "window"}}, {"preset": "account-locked"})
    written = changed({"options": {"logs": "window"}, "account": "exhausted-balance"})
    assert (named.environment, named.flags) == (written.environment, written.flags)


def test_an_account_is_replaced_as_a_whole() -> None:
    account = environment(
        {"account": {"state": "locked"}}, {"account": {"concurrency": 2}}
    ).account_of("a")
    assert (account.rejection, account.concurrency) == (None, 2)


def with_jwks(name: str, jwks: Any) -> LoadedScenario:
    return load_data({"fakefal": 1, "jwks": jwks}, name)


def test_jwks_are_part_of_the_settings() -> None:
    assert effective_settings([scenario()], 0, None, CompatFlags()).jwks == CompiledJwks()
    scenarios = [with_jwks("a", "down"), with_jwks("b", "down"), scenario()]
    assert effective_settings(scenarios, 0, None, CompatFlags()).jwks == CompiledJwks(503)


def test_scenarios_with_different_jwks_are_rejected() -> None:
    with pytest.raises(ScenarioError, match="b: jwks: jwks is down here and slow in a"):
        effective_settings([with_jwks("a", "slow"), with_jwks("b", "down")], 0, None, CompatFlags())
