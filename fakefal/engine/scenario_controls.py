"""Reads and replaces the scenarios of a running server: those of one key, or of all keys."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fakefal.engine.controls import apply_settings
from fakefal.engine.engine import Engine
from fakefal.engine.tenant import Tenant
from fakefal.errors import ScenarioError, ScenarioProblem
from fakefal.scenario.compiled.index import ExchangeIndex
from fakefal.scenario.compiled.settings import EffectiveSettings
from fakefal.scenario.compiler.settings import changed_settings

if TYPE_CHECKING:
    from fakefal.scenario.compiled.exchange import CompiledExchange
    from fakefal.scenario.compiled.routes import CompiledRoute
    from fakefal.scenario.compiled.scenario import LoadedScenario


class ScenarioControls:
    """The scenarios of one tenant, or of the server, which apply to every key (``tenant`` None).

    Not thread-safe: call it in the event loop's thread.
    """

    def __init__(self, engine: Engine, tenant: Tenant | None) -> None:
        self._engine = engine
        self._tenant = tenant

    def describe(self) -> dict[str, Any]:
        """The settings, and the exchanges in the order of matching with their use counts."""
        tenant = self._tenant
        settings = self._engine.effective_settings if tenant is None else tenant.settings
        own_exchanges = () if tenant is None else tenant.own_index.in_order
        base_index = self._engine.base_index if tenant is None else tenant.base_index
        return {
            "unmatched": settings.unmatched,
            "seed": settings.seed,
            "defaults": settings.raw,
            "own": [self._exchange_body(exchange) for exchange in own_exchanges],
            "loaded": [self._exchange_body(exchange) for exchange in base_index.in_order],
            "routes": [self._route_body(route) for route in self._routes()],
        }

    def count(self) -> int:
        """The number of exchanges that ``replace`` and ``append`` set, or of the server's."""
        index = self._engine.base_index if self._tenant is None else self._tenant.own_index
        return len(index.exchanges)

    def replace(self, loaded: LoadedScenario) -> None:
        """Replace the scenarios; raises ScenarioError.

        Jobs and journal of a key stay, unless the scenario has another seed: ids are derived from
        it, so the tenant is reset. Replacing the server's scenarios resets all tenants.
        """
        self._check_room(loaded, 0)
        self._notify("replaced", loaded)
        tenant = self._tenant
        if tenant is None:
            self._engine.load([loaded])
            self._reset_all()
            return
        settings = changed_settings(self._initial_settings(loaded), loaded.scenario)
        if settings.seed != tenant.settings.seed:
            tenant = self._engine.reset_tenant(
                tenant.key, clock=tenant.clock.kind, effective_settings=settings
            )
        apply_settings(tenant, settings, loaded.scenario)
        tenant.set_own_index(ExchangeIndex(loaded.exchanges))
        self._engine.set_own_routes(tenant, loaded.routes)
        self._tenant = tenant

    def append(self, loaded: LoadedScenario) -> None:
        """Add a scenario that is matched after the existing ones; raises ScenarioError."""
        tenant = self._tenant
        self._notify("added", loaded)
        if tenant is None:
            self._append_for_all(loaded)
            return
        used_routes = len(tenant.routes.own_routes) if loaded.routes else 0
        self._check_room(loaded, len(tenant.own_index.exchanges), used_routes)
        if loaded.scenario.seed not in (None, tenant.settings.seed):
            what = f"seed is {loaded.scenario.seed} here and {tenant.settings.seed} for this key"
            problem = ScenarioProblem(loaded.file, 0, 0, "seed", what, "replace it with PUT")
            raise ScenarioError((problem,))
        base_settings = tenant.settings
        if not self._engine.scenarios and not tenant.own_index.exchanges:
            base_settings = replace(
                base_settings, unmatched=self._engine.settings.unmatched or "fail"
            )
        settings = changed_settings(base_settings, loaded.scenario)
        apply_settings(tenant, settings, loaded.scenario)
        tenant.set_own_index(ExchangeIndex((*tenant.own_index.exchanges, *loaded.exchanges)))
        if loaded.routes:
            routes = (*tenant.routes.own_routes, *loaded.routes)
            self._engine.set_own_routes(tenant, routes)

    def _append_for_all(self, loaded: LoadedScenario) -> None:
        used_routes = len(self._engine.base_routes)
        self._check_room(loaded, len(self._engine.base_index.exchanges), used_routes)
        previous_settings = self._engine.effective_settings
        self._engine.load([*self._engine.scenarios, loaded])
        for tenant in self._engine.tenants:
            tenant.resolver.base_index = self._engine.base_index
            tenant.set_base_routes(self._engine.base_routes)
            settings = self._engine.effective_settings
            if tenant.settings is not previous_settings:  # the tenant has changed its own
                settings = changed_settings(tenant.settings, loaded.scenario)
            apply_settings(tenant, settings, loaded.scenario)

    def clear(self) -> None:
        """Remove what was added: a key keeps the server's scenarios, a server has none."""
        from fakefal.scenario.model.defaults import ScenarioDefaults

        self._engine.notify(f"scenarios removed for {self._whom}")
        if self._tenant is None:
            self._engine.load([])
            self._reset_all()
        else:
            apply_settings(self._tenant, self._engine.effective_settings, ScenarioDefaults())
            self._tenant.set_own_index(ExchangeIndex())
            self._engine.set_own_routes(self._tenant, ())

    def _initial_settings(self, loaded: LoadedScenario) -> EffectiveSettings:
        """The server's settings for a key with its own scenario: unmatched calls fail."""
        settings = self._engine.effective_settings
        if not self._engine.scenarios:
            settings = replace(settings, unmatched=self._engine.settings.unmatched or "fail")
        seed = loaded.scenario.seed
        return settings if seed is None else replace(settings, seed=seed)

    def _reset_all(self) -> None:
        for tenant in self._engine.tenants:
            self._engine.reset_tenant(tenant.key, clock=tenant.clock.kind)

    @property
    def _whom(self) -> str:
        return "all keys" if self._tenant is None else "one key"

    def _notify(self, verb: str, loaded: LoadedScenario) -> None:
        count = len(loaded.exchanges)
        exchanges = f"{count} exchange{'' if count == 1 else 's'}"
        self._engine.notify(f"scenario {loaded.file} {verb} for {self._whom}: {exchanges}")

    def _check_room(self, loaded: LoadedScenario, used_count: int, used_routes: int = 0) -> None:
        limit = self._engine.settings.limits.added_exchanges
        if used_routes + len(loaded.routes) > limit:
            what = f"{used_routes + len(loaded.routes)} routes are more than {limit}"
            raise ScenarioError((ScenarioProblem(loaded.file, 0, 0, "routes", what, "send fewer"),))
        if used_count + len(loaded.exchanges) > limit:
            what = f"{used_count + len(loaded.exchanges)} exchanges are more than {limit}"
            problem = ScenarioProblem(loaded.file, 0, 0, "exchanges", what, "send fewer")
            raise ScenarioError((problem,))

    def _routes(self) -> tuple[CompiledRoute, ...]:
        if not self._engine.has_routes:
            return ()
        return self._engine.base_routes if self._tenant is None else self._tenant.routes.routes

    def _route_body(self, route: CompiledRoute) -> dict[str, Any]:
        tenants = self._engine.tenants if self._tenant is None else (self._tenant,)
        use_count = sum(tenant.routes.use_counts.get(route, 0) for tenant in tenants)
        return {
            "label": route.label.strip('"'),
            "location": route.location,
            "used": use_count,
            "times": route.capacity,
            "is_used_up": route.capacity is not None and use_count >= route.capacity,
            "route": route.model.model_dump(mode="json", by_alias=True, exclude_unset=True),
        }

    def _exchange_body(self, exchange: CompiledExchange) -> dict[str, Any]:
        tenants = self._engine.tenants if self._tenant is None else (self._tenant,)
        use_count = sum(tenant.resolver.use_counts.get(exchange, 0) for tenant in tenants)
        model = exchange.model.model_dump(mode="json", by_alias=True, exclude_unset=True)
        return {
            "label": exchange.label.strip('"'),
            "location": exchange.location,
            "used": use_count,
            "times": exchange.capacity,
            "is_used_up": exchange.capacity is not None and use_count >= exchange.capacity,
            "exchange": model,
        }
