"""What a test did not use, fetch or deliver, listed when it ends."""

from __future__ import annotations

from collections.abc import Iterable

from fakefal.engine.tenant import Tenant
from fakefal.scenario.compiled.exchange import CompiledExchange
from fakefal.scenario.compiled.routes import CompiledRoute
from fakefal.scenario.compiled.shadowing import GO_FIRST, matching_order, shadowing_exchange
from fakefal.server.thread import ThreadedServer
from fakefal.testing.inspect.billing import collect_billed_calls
from fakefal.testing.scripting.routes import ScriptedRoute
from fakefal.testing.scripting.scripting import ScriptedExchange


class EndOfTestChecks:
    """The checks; each returns a line per finding.

    ``own_files`` are the scenario files that the test itself named. Exchanges of other files are
    shared between tests, and may stay unused.
    """

    def __init__(
        self,
        server: ThreadedServer,
        tenant: Tenant,
        builders: Iterable[ScriptedExchange] = (),
        own_files: Iterable[str] = (),
        route_builders: Iterable[ScriptedRoute] = (),
    ) -> None:
        self._server = server
        self._tenant = tenant
        self._builders = list(builders)
        self._route_builders = list(route_builders)
        self._own_files = tuple(own_files)

    def unused(self) -> list[str]:
        """Exchanges and replies that answered no call."""
        return self._server.call(self._unused)

    def without_reply(self) -> list[str]:
        """Each ``on`` and ``route`` without a reply, which answers nothing."""
        without_reply = [
            f"{builder.location}: on({builder.description}) has no reply, so it answers nothing — "
            "add .text(…), .output(…) or .fail(…)"
            for builder in self._builders
            if not builder.has_reply
        ]
        return without_reply + [
            f"route({builder.description}) has no reply: add .json(…), .text(…) or .fail(…)"
            for builder in self._route_builders
            if not builder.has_reply
        ]

    def _unused(self) -> list[str]:
        tenant = self._tenant
        own_exchanges = [
            *tenant.own_index.exchanges,
            *(exchange for exchange in tenant.base_index.exchanges if self._is_own(exchange)),
        ]
        in_order = matching_order(tenant.own_index, tenant.base_index)
        lines = [
            line
            for exchange in own_exchanges
            if (line := _describe_unused(tenant, exchange, in_order))
        ]
        own_routes = [
            *tenant.routes.own_routes,
            *(route for route in tenant.base_routes if self._is_own(route)),
        ]
        return lines + [line for route in own_routes if (line := _unused_route(tenant, route))]

    def _is_own(self, exchange: CompiledExchange | CompiledRoute) -> bool:
        return exchange.location.rpartition(":")[0] in self._own_files

    def uncollected(self) -> list[str]:
        """Results that fal would bill and that were never fetched."""
        billed_calls = self._server.call(lambda: collect_billed_calls(self._tenant))
        return [
            f"{call.request_id} of {call.endpoint} is completed and billed ({call.units:g} units), "
            "but its result was not fetched"
            for call in billed_calls.uncollected
        ]

    def undelivered(self) -> list[str]:
        """Webhooks that were due and that no receiver accepted."""
        return self._webhooks_in("failed", "dropped", "held", "waiting", "sending")

    def refused(self) -> list[str]:
        """Webhooks that were not sent because their target is neither local nor allowed."""
        return self._webhooks_in("refused")

    def _webhooks_in(self, *stages: str) -> list[str]:
        def list_webhooks() -> list[str]:
            if not self._tenant.has_webhooks:
                return []
            lines = []
            for delivery in self._tenant.webhooks.deliveries:
                is_untried = delivery.stage == "waiting" and not delivery.attempts
                if delivery.stage in stages and not is_untried:
                    reason = delivery.reason
                    if delivery.attempts and delivery.stage != "refused":
                        result = delivery.attempts[-1].result
                        last_result = result.failure or f"the last response was {result.status}"
                        reason = f"{reason}; {last_result}" if reason else last_result
                    lines.append(
                        f"{delivery.job.id} to {delivery.shown_url}: {delivery.stage}, {reason}"
                    )
            return lines

        return self._server.call(list_webhooks)


def _describe_unused(
    tenant: Tenant, exchange: CompiledExchange, in_order: list[CompiledExchange]
) -> str:
    use_count = tenant.resolver.use_counts.get(exchange, 0)
    subject = f"{exchange.name}{_endpoint_text(exchange)}"
    if not use_count:
        other = shadowing_exchange(exchange, in_order[: in_order.index(exchange)])
        cause = f": {other.name} before it answers all of them — {GO_FIRST}" if other else ""
        return f"{subject} answered no call{cause}"
    if exchange.capacity is not None and use_count < exchange.capacity:
        return f"{subject} answered {use_count} of {exchange.capacity} calls"
    if use_count < len(exchange.replies):
        return f"{subject} used {use_count} of its {len(exchange.replies)} replies"
    return ""


def _unused_route(tenant: Tenant, route: CompiledRoute) -> str:
    use_count = tenant.routes.use_counts.get(route, 0)
    location = f" ({route.location})" if route.location else ""
    subject = f"{route.label}{location} for {route.model.when.path or 'any path'}"
    if not use_count:
        return f"{subject} answered no request"
    if route.capacity is not None and use_count < route.capacity:
        return f"{subject} answered {use_count} of {route.capacity} requests"
    if use_count < len(route.replies):
        return f"{subject} used {use_count} of its {len(route.replies)} replies"
    return ""


def _endpoint_text(exchange: CompiledExchange) -> str:
    endpoint = exchange.model.when.endpoint
    return f" for {endpoint}" if endpoint else ""
