"""``fakefal.route(…)``: responses to requests of any host, method and path."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from fakefal.engine.controls import Controls
from fakefal.errors import FakefalError
from fakefal.protocol.core.call import Json
from fakefal.protocol.core.hosts import other_hosts
from fakefal.scenario.builder import to_user_error
from fakefal.scenario.compiler.routes import compile_route
from fakefal.scenario.files.checks.routes import host_problem
from fakefal.scenario.files.loader import read_route_assets
from fakefal.scenario.matching.matchers import PatternError, quote
from fakefal.scenario.media.assets import Asset
from fakefal.scenario.model.routes import RouteSpec
from fakefal.scenario.route_builder import RouteBuilder, route_when_data
from fakefal.scenario.templates.templates import TemplateError
from fakefal.server.thread import ThreadedServer
from fakefal.testing.scripting.callables import CallbackErrors, guard_pattern


class ScriptedRoute(RouteBuilder):
    """A builder of a route, as ``fakefal.route(…)`` returns it."""

    def __init__(self, when: dict[str, Any], publish: Callable[[RouteSpec], None]) -> None:
        super().__init__(when, publish)
        self.has_reply = False

    @property
    def description(self) -> str:
        """Its ``when`` as the arguments of ``route``: ``host="rest.fal.ai"``."""
        return ", ".join(f"{name}={quote(value)}" for name, value in self._when.items())

    def _publish(self) -> ScriptedRoute:
        self.has_reply = True
        super()._publish()
        return self


class RouteScripting:
    """The methods of ``fakefal`` that script routes."""

    server: ThreadedServer
    controls: Controls
    callback_errors: CallbackErrors
    _assets: dict[str, Asset]
    _route_builders: list[ScriptedRoute]

    def route(
        self,
        host: str | list[str] | None = None,
        path: str | None = None,
        /,
        *,
        method: str | list[str] | None = None,
        query: dict[str, Json] | None = None,
        headers: dict[str, Json] | None = None,
        json: Json = None,
        form: Json = None,
        body: Json = None,
    ) -> ScriptedRoute:
        """Start a route for the requests that match all arguments.

        ``route("rest.fal.ai", "/billing/user_balance", method="GET").json(9.94)``; instead of host
        and path a URL. ``/apps/{name}`` matches one segment, ``*`` any text. Routes come before
        fakefal's own handlers. A host that is not fal's must be served: ``host_up(…)``.
        """
        fields = {"method": method, "query": query, "headers": headers}
        when = route_when_data(host, path, {**fields, "json": json, "form": form, "body": body})
        self._check_hosts(when.get("host"))
        index: int | None = None

        def publish(route: RouteSpec) -> None:
            nonlocal index
            data = route.model_dump(by_alias=True, exclude_unset=True)
            index = self._put_route(index, route, read_route_assets(data, "route(…)"))

        builder = ScriptedRoute(guard_pattern(when, self.callback_errors), publish)
        self._route_builders.append(builder)
        return builder

    def _check_hosts(self, host: str | list[str] | None) -> None:
        """Raise FakefalError for a host that the fake does not serve."""
        names = [] if host is None else [host] if isinstance(host, str) else host
        defaults = self.server.call(lambda: self.controls.tenant.settings.raw)
        added = list(other_hosts(defaults.get("hosts", ())))
        for name in names:
            if (problem := host_problem(name, added)) is not None:
                message, suggestion = problem
                if suggestion.startswith("add"):
                    message = f'"{name}" is not a host of fal'
                    suggestion = f'call host_up("{name}") first, so that the fake serves it'
                raise FakefalError(f"{message} — {suggestion}")

    def _put_route(
        self,
        index: int | None,
        route: RouteSpec,
        assets: Mapping[str, Asset] = MappingProxyType({}),
        location: str = "",
    ) -> int:
        self._on_scripted()

        def put() -> int:
            own_routes = self.controls.tenant.routes.own_routes
            position = len(own_routes) if index is None else index
            self.controls.put_route(
                position, compile_route(route, position, location, assets=assets)
            )
            return position

        try:
            position = self.server.call(put)
        except (PatternError, TemplateError) as error:
            raise to_user_error(error) from None
        self._assets.update(assets)
        return position

    def _on_scripted(self) -> None:
        """Called before each change; a recording then only records unmatched calls."""
