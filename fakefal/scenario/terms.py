"""Seed and options of several scenarios taken together, over those of the server."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from fakefal.errors import Mistake, ScenarioError
from fakefal.protocol.options import Switches, Unmatched
from fakefal.scenario.webhook_plans import JwksPlan, compile_jwks

if TYPE_CHECKING:
    from fakefal.scenario.loading import Loaded


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for all calls of a tenant. ``unmatched`` is what a call without exchange gets."""

    seed: int = 0
    unmatched: Unmatched = "generate"
    switches: Switches = field(default_factory=Switches)
    jwks: JwksPlan = field(default_factory=JwksPlan)


def terms_of(
    scenarios: Iterable[Loaded],
    seed: int,
    unmatched: Unmatched | None,
    switches: Switches,
) -> Terms:
    """The terms of scenarios over a server's own; raises ScenarioError where two disagree.

    Without a scenario misses are answered with generated outputs, else they fail.
    """
    told: dict[str, tuple[Any, str]] = {}
    given = False
    for loaded in scenarios:
        given = True
        named = loaded.scenario.options.model_dump(by_alias=True, exclude_none=True)
        if loaded.scenario.seed is not None:
            named["seed"] = loaded.scenario.seed
        if loaded.scenario.jwks is not None:
            named["jwks"] = loaded.scenario.jwks
        for name, value in named.items():
            before = told.setdefault(name, (value, loaded.file))
            if before[0] != value:
                what = f"{name} is {value} here and {before[0]} in {before[1]}"
                right = "give scenarios that are used together the same"
                raise ScenarioError((Mistake(loaded.file, 0, 0, "options", what, right),))
    values: dict[str, Any] = {name: value for name, (value, _) in told.items()}
    seed = values.pop("seed", seed)
    jwks = values.pop("jwks", None)
    misses: Unmatched = values.pop("unmatched", unmatched) or ("fail" if given else "generate")
    return Terms(seed, misses, replace(switches, **values), compile_jwks(jwks))
