"""Seed, options and circumstances of several scenarios taken together, over the server's own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fakefal.protocol.core.compat_flags import CompatFlags, Unmatched, with_flags
from fakefal.scenario.compiled.prices import PriceList, build_price_list
from fakefal.scenario.compiled.webhooks import CompiledJwks, compile_jwks

if TYPE_CHECKING:
    from fakefal.scenario.compiled.environment import CompiledEnvironment
    from fakefal.scenario.files.loader import LoadedScenario
    from fakefal.scenario.model.defaults import ScenarioDefaults


@dataclass(frozen=True, slots=True)
class EffectiveSettings:
    """What holds for all calls of a tenant. ``unmatched`` is what a call without exchange gets.

    ``world`` None is a world in which nothing goes wrong by itself. ``told`` is what the world and
    the switches were made of.
    """

    seed: int = 0
    unmatched: Unmatched = "generate"
    flags: CompatFlags = field(default_factory=CompatFlags)
    environment: CompiledEnvironment | None = None
    raw: dict[str, Any] = field(default_factory=dict)
    jwks: CompiledJwks = field(default_factory=CompiledJwks)
    prices: PriceList = field(default_factory=PriceList)


def effective_settings(
    scenarios: Iterable[LoadedScenario],
    seed: int,
    unmatched: Unmatched | None,
    flags: CompatFlags,
) -> EffectiveSettings:
    """The terms of scenarios over a server's own; raises ScenarioError where two disagree.

    Without a scenario misses are answered with generated outputs, else they fail.
    """
    loaded = tuple(scenarios)
    if not loaded:
        return EffectiveSettings(seed, unmatched or "generate", flags)
    from fakefal.scenario.compiler.environment import (  # with pydantic's models
        flatten_defaults,
        merge_parts,
    )

    parts_by_file = []
    for item in loaded:
        parts = flatten_defaults(item.scenario)
        if item.scenario.seed is not None:
            parts[("seed",)] = item.scenario.seed
        parts_by_file.append((item.file, parts))
    data = merge_parts(parts_by_file)
    seed = data.pop("seed", seed)
    return _build(EffectiveSettings(seed, unmatched or "fail", flags), data)


def changed_settings(settings: EffectiveSettings, changes: ScenarioDefaults) -> EffectiveSettings:
    """Terms with some circumstances changed; what is not named stays as it was.

    An account or chaos that is named is named whole, so that it can also end.
    """
    from fakefal.scenario.compiler.environment import flatten_defaults, merge_parts
    from fakefal.scenario.presets.registry import merge

    updates = merge_parts([("", flatten_defaults(changes))])
    replaced = {"account", "chaos"} & updates.keys()
    data = {name: value for name, value in settings.raw.items() if name not in replaced}
    merge(data, updates)
    return _build(settings, data)


def _build(settings: EffectiveSettings, data: dict[str, Any]) -> EffectiveSettings:
    from fakefal.scenario.compiler.environment import compile_environment, jwks_of
    from fakefal.scenario.model.options import flag_values

    options = flag_values(data.get("options", {}))
    unmatched = options.pop("unmatched", settings.unmatched)
    flags = with_flags(settings.flags, options)
    jwks = compile_jwks(jwks_of(data))
    prices = build_price_list(data.get("prices", {}))
    return EffectiveSettings(
        settings.seed, unmatched, flags, compile_environment(data), data, jwks, prices
    )
