"""What a key starts with."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from fakefal.scenario.compiled.index import ExchangeIndex
from fakefal.scenario.compiled.settings import EffectiveSettings

if TYPE_CHECKING:
    from fakefal.scenario.compiled.routes import CompiledRoute


class InitialState(NamedTuple):
    """The settings and exchanges that a tenant with its own scenarios starts with."""

    settings: EffectiveSettings
    base_index: ExchangeIndex
    base_routes: tuple[CompiledRoute, ...] = ()
