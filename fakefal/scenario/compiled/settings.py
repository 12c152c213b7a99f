"""The settings that apply to all calls of a tenant: the server's, overridden by its scenarios."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fakefal.protocol.core.compat_flags import CompatFlags, Unmatched
from fakefal.scenario.compiled.prices import PriceList
from fakefal.scenario.compiled.webhooks import CompiledJwks

if TYPE_CHECKING:
    from fakefal.scenario.compiled.environment import CompiledEnvironment
    from fakefal.scenario.schemas.library import SchemaLibrary


@dataclass(frozen=True, slots=True)
class EffectiveSettings:
    """``unmatched`` is what a call without a matching exchange gets.

    ``environment`` None means that nothing goes wrong by default. ``raw`` is the plain data that
    everything but ``seed`` was compiled from; later changes are merged into it. ``schemas`` None
    means that no endpoint has a description.
    """

    seed: int = 0
    unmatched: Unmatched = "generate"
    flags: CompatFlags = field(default_factory=CompatFlags)
    environment: CompiledEnvironment | None = None
    raw: dict[str, Any] = field(default_factory=dict)
    jwks: CompiledJwks = field(default_factory=CompiledJwks)
    prices: PriceList = field(default_factory=PriceList)
    schemas: SchemaLibrary | None = None
