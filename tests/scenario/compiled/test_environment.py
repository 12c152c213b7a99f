"""Accounts, apps and chance: what a world says of a key, an endpoint, a request."""

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
    turns: tuple[CompiledFault, ...] = (RESET,),
    on: frozenset[Operation] = frozenset(OPERATIONS),
) -> Chaos:
    return Chaos(rate, seed, turns, on)


def struck(
    found: Chaos, count: int = 2000, operation: Operation = "status"
) -> list[CompiledFault | None]:
    return [found.draw(operation, f"id-{number}", 0) for number in range(count)]


@pytest.mark.parametrize(
    ("pattern", "text", "does"),
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
def test_stars_and_question_marks_stand_for_text(pattern: str, text: str, does: bool) -> None:
    assert matches_glob(pattern, text) is does


def test_the_first_account_that_fits_a_key_counts() -> None:
    good, bad = Account(), Account(accepted_calls=5)
    world = CompiledEnvironment(accounts=(("vip:*", good), ("*", bad)))
    assert world.account_of("vip:1") is good
    assert world.account_of("other:1") is bad
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
def test_an_app_is_named_with_or_without_its_path(endpoint: str, runners: float) -> None:
    apps = (
        ("fal-ai/any-llm", App(runners=1)),
        ("*/flux/dev", App(runners=2)),
        ("fal-ai/*", App(runners=3)),
    )
    parsed = parse_endpoint(endpoint)
    assert parsed is not None
    assert CompiledEnvironment(apps=apps).app_of(parsed).runners == runners


def test_a_rate_of_nothing_strikes_nobody_and_one_of_all_everybody() -> None:
    assert struck(chaos(0.0)) == [None] * 2000
    assert struck(chaos(1.0)) == [RESET] * 2000


@pytest.mark.parametrize("rate", [0.02, 0.05, 0.3, 0.5, 0.9])
@pytest.mark.parametrize("seed", [0, 3, -7])
def test_the_rate_is_kept(rate: float, seed: int) -> None:
    hits = sum(it is not None for it in struck(chaos(rate, seed)))
    spread = (2000 * rate * (1 - rate)) ** 0.5
    assert abs(hits - 2000 * rate) < 4 * spread


def test_every_fault_has_its_share() -> None:
    found = Counter(
        it.fault.name for it in struck(chaos(1.0, turns=(RESET, HANG, SLOW))) if it and it.fault
    )
    assert set(found) == {"reset", "hang", "slow"}
    assert all(550 < count < 790 for count in found.values())


@given(st.permutations(range(12)), st.integers(), st.floats(0, 1))
def test_the_same_seed_strikes_the_same_requests_in_whatever_order(
    order: list[int], seed: int, rate: float
) -> None:
    turns = (RESET, HANG)
    one, other = chaos(rate, seed, turns), chaos(rate, seed, turns)
    expected = {n: one.draw("submit", f"id-{n % 4}", n) for n in range(12)}
    assert {n: other.draw("submit", f"id-{n % 4}", n) for n in order} == expected


def test_another_seed_strikes_others() -> None:
    assert struck(chaos(0.5, 1)) != struck(chaos(0.5, 2))


def test_operations_are_struck_apart_and_only_those_that_are_named() -> None:
    named = chaos(0.5, on=frozenset(("status", "result")))
    assert struck(named, 100, "submit") == [None] * 100
    assert struck(named, 100, "status") != struck(named, 100, "result")
