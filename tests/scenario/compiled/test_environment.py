"""Accounts by key, apps by endpoint, and random faults by request."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.protocol.core.endpoints import parse_endpoint
from fakefal.protocol.errors.fault import OPERATIONS, Fault, Operation
from fakefal.scenario.compiled.environment import (
    DEFAULT_ACCOUNT,
    DEFAULT_APP,
    Account,
    App,
    Chaos,
    CompiledEnvironment,
    matches_glob,
)
from fakefal.scenario.compiled.faults import CompiledFault

RESET, HANG, SLOW = (CompiledFault(Fault(name)) for name in ("reset", "hang", "slow"))


def chaos(
    rate: float,
    seed: int = 3,
    faults: tuple[CompiledFault, ...] = (RESET,),
    on: frozenset[Operation] = frozenset(OPERATIONS),
) -> Chaos:
    return Chaos(rate, seed, faults, on)


def faults_of(
    source: Chaos, count: int = 2000, operation: Operation = "status"
) -> list[CompiledFault | None]:
    return [source.draw(operation, f"id-{number}", 0) for number in range(count)]


@pytest.mark.parametrize(
    ("pattern", "text", "is_match"),
    [
        ("*", "", True),
        ("*", "a/b", True),
        ("a?c", "abc", True),
        ("a?c", "a/c", False),
        ("fal-ai/*", "fal-ai/any-llm/vision", True),
        ("fal-ai/*", "me/fal-ai/x", False),
        ("key.1", "keyx1", False),
    ],
)
def test_a_glob_has_stars_and_question_marks(pattern: str, text: str, is_match: bool) -> None:
    assert matches_glob(pattern, text) is is_match


def test_the_first_account_that_matches_a_key_applies() -> None:
    good, bad = Account(), Account(accepted_calls=5)
    environment = CompiledEnvironment(accounts=(("vip:*", good), ("*", bad)))
    assert environment.account_of("vip:1") is good
    assert environment.account_of("other:1") is bad
    assert CompiledEnvironment().account_of("any") is DEFAULT_ACCOUNT


@pytest.mark.parametrize(
    ("endpoint", "runners"),
    [
        ("fal-ai/any-llm", 1),
        ("fal-ai/any-llm/vision", 1),
        ("fal-ai/flux/dev", 2),
        ("fal-ai/flux", 3),
        ("me/app", DEFAULT_APP.runners),
    ],
)
def test_an_app_matches_with_or_without_its_path(endpoint: str, runners: float) -> None:
    apps = (
        ("fal-ai/any-llm", App(runners=1)),
        ("*/flux/dev", App(runners=2)),
        ("fal-ai/*", App(runners=3)),
    )
    parsed = parse_endpoint(endpoint)
    assert parsed is not None
    assert CompiledEnvironment(apps=apps).app_of(parsed).runners == runners


def test_rates_of_zero_and_one() -> None:
    assert faults_of(chaos(0.0)) == [None] * 2000
    assert faults_of(chaos(1.0)) == [RESET] * 2000


@pytest.mark.parametrize("rate", [0.02, 0.05, 0.3, 0.5, 0.9])
@pytest.mark.parametrize("seed", [0, 3, -7])
def test_the_rate_is_about_the_share_of_faults(rate: float, seed: int) -> None:
    hits = sum(it is not None for it in faults_of(chaos(rate, seed)))
    spread = (2000 * rate * (1 - rate)) ** 0.5
    assert abs(hits - 2000 * rate) < 4 * spread


def test_faults_are_equally_frequent() -> None:
    faults = faults_of(chaos(1.0, faults=(RESET, HANG, SLOW)))
    counts = Counter(it.fault.name for it in faults if it and it.fault)
    assert set(counts) == {"reset", "hang", "slow"}
    assert all(550 < count < 790 for count in counts.values())


@given(st.permutations(range(12)), st.integers(), st.floats(0, 1))
def test_the_same_seed_draws_the_same_faults_in_any_order(
    order: list[int], seed: int, rate: float
) -> None:
    faults = (RESET, HANG)
    one, other = chaos(rate, seed, faults), chaos(rate, seed, faults)
    expected = {n: one.draw("submit", f"id-{n % 4}", n) for n in range(12)}
    assert {n: other.draw("submit", f"id-{n % 4}", n) for n in order} == expected


def test_another_seed_draws_other_faults() -> None:
    assert faults_of(chaos(0.5, 1)) != faults_of(chaos(0.5, 2))


def test_operations_are_independent_and_limited_to_those_named() -> None:
    named = chaos(0.5, on=frozenset(("status", "result")))
    assert faults_of(named, 100, "submit") == [None] * 100
    assert faults_of(named, 100, "status") != faults_of(named, 100, "result")
