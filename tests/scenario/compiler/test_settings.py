"""Seed and options of scenarios that are used together."""

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


@pytest.mark.parametrize("told", ["fail", "generate"])
def test_what_the_server_is_told_about_misses_holds(told: Any) -> None:
    assert effective_settings([scenario()], 0, told, CompatFlags()).unmatched == told


def test_what_a_scenario_says_goes_before_the_server() -> None:
    terms = effective_settings(
        [scenario(seed=9, unmatched="generate", keys="strict", validate=False)],
        1,
        "fail",
        CompatFlags(keys="any", response_suffix=True),
    )
    assert (terms.seed, terms.unmatched) == (9, "generate")
    assert terms.flags == CompatFlags(keys="strict", response_suffix=True, validate=False)


def test_options_of_several_scenarios_add_up() -> None:
    terms = effective_settings(
        [scenario(profile="2025-03"), scenario(keys="strict")], 0, None, CompatFlags()
    )
    assert (terms.flags.profile, terms.flags.keys) == ("2025-03", "strict")


def test_scenarios_may_say_the_same() -> None:
    assert (
        effective_settings([scenario(seed=3), scenario("b", seed=3)], 0, None, CompatFlags()).seed
        == 3
    )


def test_scenarios_that_disagree_are_refused_with_both_names() -> None:
    with pytest.raises(ScenarioError) as caught:
        effective_settings([scenario("a", seed=1), scenario("b", seed=2)], 0, None, CompatFlags())
    assert str(caught.value) == (
        "b: seed: seed is 2 here and 1 in a — scenarios that are used together must agree"
    )


def changed(*given: dict[str, Any]) -> EffectiveSettings:
    """The terms of a test that changes them step by step."""
    terms = EffectiveSettings()
    for data in given:
        terms = changed_settings(terms, build_defaults(data))
    return terms


def world(*given: dict[str, Any]) -> CompiledEnvironment:
    found = changed(*given).environment
    assert found is not None
    return found


def test_a_change_leaves_the_rest_as_it_was() -> None:
    first = changed({"options": {"logs": "window"}, "apps": {"a/b": "removed"}})
    terms = changed_settings(
        first, build_defaults({"options": {"subpath": "refuse-405"}, "faults": {"run": 500}})
    )
    assert terms.flags == CompatFlags(logs="window", subpath="refuse-405")
    assert terms.environment is not None
    assert first.environment is not None
    assert terms.environment.apps == first.environment.apps
    assert set(terms.environment.faults) == {"run"}
    assert (terms.seed, terms.unmatched) == (first.seed, first.unmatched)


def test_a_change_may_say_what_misses_get() -> None:
    assert changed({"options": {"unmatched": "fail"}}).unmatched == "fail"


def test_what_is_named_again_is_replaced() -> None:
    assert world({"apps": {"*": "removed"}}, {"apps": {"*": {"runners": 1}}}).apps[0][1].runners == 1
    assert not world({"apps": {"*": "removed"}}, {"apps": {"*": {"runners": 1}}}).apps[0][1].is_removed


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
def test_what_went_wrong_can_be_mended(bad: dict[str, Any], good: dict[str, Any]) -> None:
    assert changed(bad).environment is not None
    after = changed(bad, good).environment or CompiledEnvironment()
    assert after.account_of("id:secret") == Account()
    assert [app for _, app in after.apps] in ([], [App()])
    assert after.chaos is None


def test_a_preset_is_a_change_like_any_other() -> None:
    named = changed({"options": {"logs": "window"}}, {"preset": "account-locked"})
    written = changed({"options": {"logs": "window"}, "account": "exhausted-balance"})
    assert (named.environment, named.flags) == (written.environment, written.flags)


def test_the_account_of_a_change_is_whole() -> None:
    account = world({"account": {"state": "locked"}}, {"account": {"concurrency": 2}}).account_of(
        "a"
    )
    assert (account.rejection, account.concurrency) == (None, 2)


def with_jwks(name: str, jwks: Any) -> LoadedScenario:
    return load_data({"fakefal": 1, "jwks": jwks}, name)


def test_how_keys_are_published_is_a_term() -> None:
    assert effective_settings([scenario()], 0, None, CompatFlags()).jwks == CompiledJwks()
    given = [with_jwks("a", "down"), with_jwks("b", "down"), scenario()]
    assert effective_settings(given, 0, None, CompatFlags()).jwks == CompiledJwks(503)


def test_scenarios_that_publish_keys_otherwise_are_refused() -> None:
    with pytest.raises(ScenarioError, match="b: jwks: jwks is down here and slow in a"):
        effective_settings([with_jwks("a", "slow"), with_jwks("b", "down")], 0, None, CompatFlags())
