"""Where scripted routes come before the built-in handlers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from fakefal.addressing import Address, media_url_for
from fakefal.engine.core.clock import Clock
from fakefal.engine.engine import Engine
from fakefal.engine.files.blobs import Blob
from fakefal.engine.tenant import Tenant
from fakefal.handlers.http import BufferedResponse, Handler, HttpResponse
from fakefal.handlers.routes import ROUTES, UnservedRoute, find_route
from fakefal.protocol.core import headers as names
from fakefal.protocol.core import hosts
from fakefal.protocol.errors.errors import ApiError
from fakefal.protocol.errors.fault import FaultAbort

if TYPE_CHECKING:
    from fakefal.engine.routes.resolver import RouteAnswer
    from fakefal.protocol.core.route_request import RouteRequest


@dataclass(slots=True)
class RoutedRequest:
    """What the routes make of a request: a response, or changes to the built-in one, or nothing."""

    response: HttpResponse | None = None
    clock: Clock | None = None
    answer: RouteAnswer | None = None
    tenant: Tenant | None = None
    request: RouteRequest | None = None

    @property
    def is_builtin(self) -> bool:
        """Whether a route changes the built-in response."""
        return self.answer is not None and self.response is None

    def find_handler(self, host: str, method: str, path: str) -> tuple[Handler, Mapping[str, str]]:
        """The built-in handler; raises the 404 of a request that nothing answers, or a 405."""
        try:
            return find_route(host, method, path)
        except UnservedRoute:
            if self.tenant is None or self.request is None:
                raise
            resolver = self.tenant.routes
            if host in ROUTES and not resolver.is_miss(self.request):
                raise
            raise resolver.miss(self.request) from None

    def finish(
        self, response: HttpResponse, clock: Clock | None
    ) -> tuple[HttpResponse, Clock | None]:
        """The built-in response as the route changes it, and the clock if it has a fault.

        ``clock`` is that of the tenant that responded, if any.
        """
        if self.answer is not None:
            from fakefal.handlers.scripted_routes import change_builtin  # few servers need it

            response = change_builtin(response, self.answer)
        return response, None if response.fault is None else clock or self.clock


NO_ROUTE = RoutedRequest()


class RouteEndpoint:
    """Answers requests by the routes of the caller's tenant."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def answer(
        self, request: web.BaseRequest, address: Address, path: str, body: bytes, blob: Blob | None
    ) -> RoutedRequest:
        """What the routes make of a request; ``path`` is percent-decoded.

        Raises ApiError for a template that fails.
        """
        if not self._engine.has_routes and address.host in ROUTES:
            return NO_ROUTE
        from fakefal.handlers.scripted_routes import read_route_request, respond

        tenant = self._tenant(request.headers, address.host)
        if blob is not None:
            body = blob.read(0, blob.size)
        if (host_fault := tenant.faults.host_fault(address.host_name)) is not None:
            tenant.record_rejection("", host_fault.journal_status, f"{address.host_name} is down")
            return _aborted(FaultAbort(host_fault), tenant)
        route_request = read_route_request(request.method, address, path, request.headers, body)

        def public_url(url: str) -> str:
            host, slash, file_path = url.removeprefix("https://").partition("/")
            return media_url_for(address, host, slash + file_path)

        try:
            answer = tenant.routes.answer(route_request, public_url)
        except FaultAbort as abort:
            return _aborted(abort, tenant)
        if answer is None:
            return RoutedRequest(tenant=tenant, request=route_request)
        response = None if answer.is_builtin else await respond(answer, tenant.clock)
        return RoutedRequest(response, tenant.clock, answer, tenant, route_request)

    def _tenant(self, headers: Mapping[str, str], host: str) -> Tenant:
        """The tenant of the key; the fallback for a request without an accepted one.

        Routes need no key: they also script what a caller without one gets.
        """
        credential = _read_key(headers, host)
        if credential is None:
            return self._engine.fallback_tenant()
        try:
            return self._engine.tenant_for(credential)
        except ApiError:
            return self._engine.fallback_tenant()


def tenant_of(
    engine: Engine, request: web.BaseRequest, host: str, parts: Mapping[str, str]
) -> Tenant | None:
    """The tenant of the key of a request; None without one. Raises the 401 of a bad key.

    ``parts`` are the named parts of its path.
    """
    credential = _read_key(request.headers, host)
    if credential is None:
        return None
    endpoint, is_new_call = parts.get("endpoint", ""), request.method == "POST"
    return engine.tenant_for(credential, endpoint, is_new_call=is_new_call)


def _read_key(headers: Mapping[str, str], host: str) -> names.Credential | None:
    """The key of a request; on some hosts a bearer credential is a token of the CDN, not a key."""
    credential = names.read_credential(headers.get("Authorization"))
    if credential is not None and credential.scheme == "bearer" and host in hosts.TOKEN_HOSTS:
        return None
    return credential


def _aborted(abort: FaultAbort, tenant: Tenant) -> RoutedRequest:
    response = BufferedResponse(500, b"")
    response.fault = abort.fault
    return RoutedRequest(response, tenant.clock)
