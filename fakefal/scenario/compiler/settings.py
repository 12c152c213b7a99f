"""Compiles the defaults of scenarios into effective settings, and applies later changes.

Imports inside functions: a server without a scenario does without pydantic and the models.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fakefal.protocol.core.compat_flags import CompatFlags, Unmatched, with_flags
from fakefal.scenario.compiled.prices import build_price_list
from fakefal.scenario.compiled.settings import EffectiveSettings

if TYPE_CHECKING:
    from fakefal.scenario.compiled.scenario import LoadedScenario
    from fakefal.scenario.model.defaults import ScenarioDefaults
    from fakefal.scenario.schemas.library import SchemaLibrary


def effective_settings(
    scenarios: Iterable[LoadedScenario],
    seed: int,
    unmatched: Unmatched | None,
    flags: CompatFlags,
    schemas: SchemaLibrary | None = None,
) -> EffectiveSettings:
    """The server's settings, overridden by scenarios; raises ScenarioError where two disagree.

    Calls without a matching exchange get generated outputs if there is no scenario, else they fail.
    ``schemas`` are the server's own, which those of scenarios override.
    """
    loaded = tuple(scenarios)
    if not loaded:
        return EffectiveSettings(seed, unmatched or "generate", flags, schemas=schemas)
    from fakefal.scenario.compiler.environment import flatten_defaults, merge_parts

    parts_by_file = []
    for item in loaded:
        parts = flatten_defaults(item.scenario)
        if item.scenario.seed is not None:
            parts[("seed",)] = item.scenario.seed
        parts_by_file.append((item.file, parts))
    data = merge_parts(parts_by_file)
    seed = data.pop("seed", seed)
    initial = EffectiveSettings(
        seed, unmatched or "fail", flags, schemas=library_with(schemas, loaded)
    )
    return _build(initial, data)


def library_with(
    library: SchemaLibrary | None, loaded: Iterable[LoadedScenario]
) -> SchemaLibrary | None:
    """The library with the descriptions of scenarios; None if there are none at all."""
    with_schemas = [item for item in loaded if item.schemas or item.apis]
    if not with_schemas:
        return library
    from fakefal.scenario.schemas.library import SchemaLibrary

    pairs = [pair for item in with_schemas for pair in item.schemas]
    return (library or SchemaLibrary()).extended(
        [description for pattern, description in pairs if not pattern],
        [(pattern, description) for pattern, description in pairs if pattern],
        [description for item in with_schemas for description in item.apis],
    )


def settings_with(settings: EffectiveSettings, loaded: LoadedScenario) -> EffectiveSettings:
    """Settings with the defaults and the schemas of a scenario that is added."""
    changed = changed_settings(settings, loaded.scenario)
    schemas = library_with(changed.schemas, (loaded,))
    return changed if schemas is changed.schemas else replace(changed, schemas=schemas)


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
        settings.seed,
        unmatched,
        flags,
        compile_environment(data),
        data,
        jwks,
        prices,
        settings.schemas,
    )
