"""Compiles the defaults of scenarios into effective settings, and applies later changes.

Imports inside functions: a server without a scenario does without pydantic and the models.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from fakefal.protocol.core.compat_flags import CompatFlags, Unmatched, with_flags
from fakefal.scenario.compiled.prices import build_price_list
from fakefal.scenario.compiled.settings import EffectiveSettings

if TYPE_CHECKING:
    from fakefal.scenario.compiled.scenario import LoadedScenario
    from fakefal.scenario.model.defaults import ScenarioDefaults


def effective_settings(
    scenarios: Iterable[LoadedScenario],
    seed: int,
    unmatched: Unmatched | None,
    flags: CompatFlags,
) -> EffectiveSettings:
    """The server's settings, overridden by scenarios; raises ScenarioError where two disagree.

    Calls without a matching exchange get generated outputs if there is no scenario, else they fail.
    """
    loaded = tuple(scenarios)
    if not loaded:
        return EffectiveSettings(seed, unmatched or "generate", flags)
    from fakefal.scenario.compiler.environment import flatten_defaults, merge_parts

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
    """Settings with some defaults changed; fields that are not set stay as they were.

    ``account`` and ``chaos`` are replaced as a whole: merged, they could never be turned off.
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
    from fakefal.scenario.compiler.webhooks import compile_jwks
    from fakefal.scenario.model.options import flag_values

    options = flag_values(data.get("options", {}))
    unmatched = options.pop("unmatched", settings.unmatched)
    flags = with_flags(settings.flags, options)
    jwks = compile_jwks(jwks_of(data))
    prices = build_price_list(data.get("prices", {}))
    return EffectiveSettings(
        settings.seed, unmatched, flags, compile_environment(data), data, jwks, prices
    )
