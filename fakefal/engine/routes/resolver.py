"""Resolves requests by the routes of a tenant: picks one, renders its reply, injects its faults."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fakefal.engine.calls.faults import FaultInjector
from fakefal.engine.core.clock import Clock
from fakefal.engine.core.journal import Journal, Miss
from fakefal.engine.core.request_ids import uuid7
from fakefal.engine.files.blobs import MemoryBlob
from fakefal.engine.files.store import FileStore
from fakefal.protocol.core import hosts
from fakefal.protocol.core.call import Json
from fakefal.protocol.core.headers import HINT
from fakefal.protocol.core.route_request import RouteRequest
from fakefal.protocol.errors.errors import ApiError
from fakefal.protocol.errors.fault import Fault, FaultAbort
from fakefal.protocol.storage.storage import file_object
from fakefal.scenario.compiled.routes import (
    CompiledRoute,
    CompiledRouteReply,
    RouteNearMiss,
    route_near_miss,
)
from fakefal.scenario.media.assets import Asset
from fakefal.scenario.render.route import RenderedRoute, render_route, route_variables
from fakefal.scenario.templates.templates import TemplateError
from fakefal.scenario.values.seeded import digest

PublicUrl = Callable[[str], str]
"""A file's URL with fal's host name -> the same as the caller can reach it."""

_MAX_NEAREST = 3


@dataclass(frozen=True, slots=True)
class RouteAnswer:
    """The rendered reply to a request. ``is_builtin``: it changes fakefal's own response."""

    rendered: RenderedRoute
    fault: Fault | None
    pause_seconds: float = 0.0
    is_builtin: bool = False


class RouteResolver:
    """The routes of a tenant, and how many requests each has answered.

    The tenant's own routes are matched before those that the server loaded.
    """

    def __init__(
        self,
        base_routes: tuple[CompiledRoute, ...],
        seed: Callable[[], int],
        clock: Clock,
        journal: Journal,
        faults: FaultInjector,
        files: FileStore,
    ) -> None:
        self.base_routes = base_routes
        self.own_routes: tuple[CompiledRoute, ...] = ()
        self.use_counts: dict[CompiledRoute, int] = {}
        self._seed = seed
        self._clock = clock
        self._journal = journal
        self._faults = faults
        self._files = files

    @property
    def routes(self) -> tuple[CompiledRoute, ...]:
        """All routes in the order of matching."""
        return (*self.own_routes, *self.base_routes)

    def set_own_routes(self, routes: tuple[CompiledRoute, ...]) -> None:
        """Replace the tenant's own routes; routes in both sets keep their counts."""
        self.own_routes = routes
        remaining = set(self.routes)
        self.use_counts = {
            route: count for route, count in self.use_counts.items() if route in remaining
        }

    def is_used_up(self, route: CompiledRoute) -> bool:
        """Whether a route has answered as many requests as its ``times`` allow."""
        return route.capacity is not None and self.use_counts.get(route, 0) >= route.capacity

    def find(self, request: RouteRequest) -> CompiledRoute | None:
        """The first route that matches and is not used up."""
        for route in self.routes:
            if route.condition.matches(request) and not self.is_used_up(route):
                return route
        return None

    def answer(self, request: RouteRequest, public_url: PublicUrl) -> RouteAnswer | None:
        """The answer to a request, journalled; None if no route matches.

        Raises FaultAbort for a fault without a response, ApiError for a template that fails.
        """
        route = self.find(request)
        if route is None:
            return None
        used = self.use_counts.get(route, 0)
        self.use_counts[route] = used + 1
        reply = route.reply_for(used)
        fault = None
        if reply.faults is not None:
            fault = self._faults.next_in_sequence(reply.faults, None, "route", route, id(reply))
        if fault is not None and not fault.is_performed:
            self._record(request, fault.journal_status, route, fault)
            raise FaultAbort(fault)
        rendered = self._render(route, reply, request, used + 1, public_url)
        if not reply.is_builtin:  # the built-in handler journals its request itself
            self._record(request, rendered.status or 200, route, fault)
        return RouteAnswer(rendered, fault, reply.pause_seconds, reply.is_builtin)

    def _render(
        self,
        route: CompiledRoute,
        reply: CompiledRouteReply,
        request: RouteRequest,
        count: int,
        public_url: PublicUrl,
    ) -> RenderedRoute:
        seed = self._seed()
        request_id = uuid7(
            int.from_bytes(digest("route", str(seed), str(request), str(count))[:16], "big")
        )
        parameters = route.condition.parameters(request.path)
        variables = route_variables(request, parameters, request_id, count, seed)

        def store_asset(asset: Asset) -> Json:
            stored_url = self._files.new_url("v3b.fal.media", asset.name, request_id)
            blob = MemoryBlob(asset.data)
            self._files.add(stored_url, asset.name, asset.content_type, blob, origin="output")
            size = asset.dimensions or (None, None)
            url = public_url(stored_url.url)
            return file_object(url, asset.content_type, asset.name, len(asset.data), *size)

        try:
            return render_route(reply, variables, store_asset)
        except TemplateError as error:
            where = f" ({route.location or route.label})"
            text = f"{error.message} at {'.'.join(map(str, error.path))}{where}"
            detail = f"fakefal could not render the reply: {text}"
            self._record(request, 500, route, None, detail)
            failed = ApiError(500, {"detail": detail}, hint="the scenario's template failed")
            raise _journalled(failed) from None

    def _record(
        self,
        request: RouteRequest,
        status: int,
        route: CompiledRoute,
        fault: Fault | None,
        note: str = "",
    ) -> None:
        self._journal.write(
            self._clock.now(),
            "route",
            None,
            "",
            status,
            route.label,
            note or str(request),
            fault,
            request=request,
        )

    def is_miss(self, request: RouteRequest) -> bool:
        """Whether a request that nothing answers matched no route where one was to be expected.

        It is one to a host that is not fal's, or to one that some route is about.
        """
        if request.host not in hosts.CANONICAL_HOSTS:
            return True
        return any(
            route.condition.hosts and route.condition.names_host(request.host)
            for route in self.routes
        )

    def miss(self, request: RouteRequest) -> ApiError:
        """The 404 of a request that nothing answers, journalled with the nearest routes."""
        nearest: list[RouteNearMiss] = sorted(
            (route_near_miss(route, request, self.is_used_up) for route in self.routes),
            key=lambda near: near.distance,
        )
        record = Miss(None, tuple(nearest[:_MAX_NEAREST]), request)
        self._journal.write(
            self._clock.now(), "route", None, "", 404, "", "miss", miss=record, request=request
        )
        return _journalled(ApiError(404, {"detail": str(record)}, ((HINT, "miss"),)))


def _journalled(error: ApiError) -> ApiError:
    """An error that is in the journal already, under an id that the caller does not get."""
    error.has_request_id, error.request_id = False, "route"
    return error
