"""Seed, options and circumstances of several scenarios taken together, over the server's own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fakefal.protocol.core.compat_flags import Switches, Unmatched, switched
from fakefal.scenario.compiled.prices import PriceList, price_list
from fakefal.scenario.compiled.webhooks import JwksPlan, compile_jwks

if TYPE_CHECKING:
    from fakefal.scenario.compiled.environment import World
    from fakefal.scenario.files.loader import Loaded
    from fakefal.scenario.model.defaults import Circumstances


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for all calls of a tenant. ``unmatched`` is what a call without exchange gets.

    ``world`` None is a world in which nothing goes wrong by itself. ``told`` is what the world and
    the switches were made of.
    """

    seed: int = 0
    unmatched: Unmatched = "generate"
    switches: Switches = field(default_factory=Switches)
    world: World | None = None
    told: dict[str, Any] = field(default_factory=dict)
    jwks: JwksPlan = field(default_factory=JwksPlan)
    prices: PriceList = field(default_factory=PriceList)


def terms_of(
    scenarios: Iterable[Loaded],
    seed: int,
    unmatched: Unmatched | None,
    switches: Switches,
) -> Terms:
    """The terms of scenarios over a server's own; raises ScenarioError where two disagree.

    Without a scenario misses are answered with generated outputs, else they fail.
    """
    loaded = tuple(scenarios)
    if not loaded:
        return Terms(seed, unmatched or "generate", switches)
    from fakefal.scenario.compiler.environment import together, told_by  # with pydantic's models

    named = []
    for it in loaded:
        told = told_by(it.scenario)
        if it.scenario.seed is not None:
            told[("seed",)] = it.scenario.seed
        named.append((it.file, told))
    data = together(named)
    seed = data.pop("seed", seed)
    return _made(Terms(seed, unmatched or "fail", switches), data)


def changed_terms(terms: Terms, given: Circumstances) -> Terms:
    """Terms with some circumstances changed; what is not named stays as it was.

    An account or chaos that is named is named whole, so that it can also end.
    """
    from fakefal.scenario.compiler.environment import together, told_by
    from fakefal.scenario.presets.registry import merge

    fresh = together([("", told_by(given))])
    whole = {"account", "chaos"} & fresh.keys()
    data = {name: value for name, value in terms.told.items() if name not in whole}
    merge(data, fresh)
    return _made(terms, data)


def _made(terms: Terms, data: dict[str, Any]) -> Terms:
    from fakefal.scenario.compiler.environment import jwks_of, make_world
    from fakefal.scenario.model.options import options_of

    options = options_of(data.get("options", {}))
    unmatched = options.pop("unmatched", terms.unmatched)
    switches = switched(terms.switches, options)
    jwks = compile_jwks(jwks_of(data))
    prices = price_list(data.get("prices", {}))
    return Terms(terms.seed, unmatched, switches, make_world(data), data, jwks, prices)
