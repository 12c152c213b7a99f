"""A scenario that was read, validated and compiled."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fakefal.errors import ScenarioProblem
from fakefal.scenario.compiled.exchange import CompiledExchange
from fakefal.scenario.compiled.routes import CompiledRoute
from fakefal.scenario.media.assets import Asset

if TYPE_CHECKING:
    from fakefal.scenario.model.scenario import Scenario


@dataclass(frozen=True, slots=True)
class LoadedScenario:
    """The model, its compiled exchanges and routes, and the files that they refer to, by name.

    ``advice`` is what is valid and probably not meant.
    """

    file: str
    scenario: Scenario
    exchanges: tuple[CompiledExchange, ...]
    assets: dict[str, Asset] = field(default_factory=dict)
    advice: tuple[ScenarioProblem, ...] = ()
    routes: tuple[CompiledRoute, ...] = ()
