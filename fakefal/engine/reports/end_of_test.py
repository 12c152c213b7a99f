"""What a tenant did not use, fetch or deliver: a line per finding."""

from __future__ import annotations

from collections.abc import Collection

from fakefal.engine.reports.billing import collect_billed_calls
from fakefal.engine.tenant import Tenant
from fakefal.scenario.compiled.exchange import CompiledExchange
from fakefal.scenario.compiled.routes import CompiledRoute
from fakefal.scenario.compiled.shadowing import GO_FIRST, matching_order, shadowing_exchange

UNDELIVERED_STAGES = ("failed", "held", "waiting", "sending")
REFUSED_STAGES = ("refused",)


def unused_exchanges(tenant: Tenant, own_files: Collection[str] = ()) -> list[str]:
    """Exchanges, routes and replies that answered nothing: the tenant's own, and those of
    ``own_files``."""

    def is_own(item: CompiledExchange | CompiledRoute) -> bool:
        return item.location.rpartition(":")[0] in own_files

    own_exchanges = [
        *tenant.own_index.exchanges,
        *(exchange for exchange in tenant.base_index.exchanges if is_own(exchange)),
    ]
    in_order = matching_order(tenant.own_index, tenant.base_index)
    lines = [_describe_unused(tenant, exchange, in_order) for exchange in own_exchanges]
    if tenant.has_own_routes:
        lines += [_describe_unused_route(tenant, route) for route in tenant.routes.own_routes]
    lines += [
        _describe_unused_route(tenant, route) for route in tenant.base_routes if is_own(route)
    ]
    return [line for line in lines if line]


def uncollected_results(tenant: Tenant) -> list[str]:
    """Results that fal would bill and that were never fetched."""
    return [
        f"{call.request_id} of {call.endpoint} is completed and billed ({call.units:g} units), "
        "but its result was not fetched"
        for call in collect_billed_calls(tenant).uncollected
    ]


def webhooks_in(tenant: Tenant, stages: Collection[str]) -> list[str]:
    """Webhooks in one of the stages that were tried or refused, each with the reason."""
    if not tenant.has_webhooks:
        return []
    lines = []
    for delivery in tenant.webhooks.deliveries:
        is_untried = delivery.stage == "waiting" and not delivery.attempts
        if delivery.stage in stages and not is_untried:
            reason = delivery.reason
            if delivery.attempts and delivery.stage != "refused":
                result = delivery.attempts[-1].result
                last_result = result.failure or f"the last response was {result.status}"
                reason = f"{reason}; {last_result}" if reason else last_result
            lines.append(f"{delivery.job.id} to {delivery.shown_url}: {delivery.stage}, {reason}")
    return lines


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


def _endpoint_text(exchange: CompiledExchange) -> str:
    endpoint = exchange.model.when.endpoint
    return f" for {endpoint}" if endpoint else ""


def _describe_unused_route(tenant: Tenant, route: CompiledRoute) -> str:
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
