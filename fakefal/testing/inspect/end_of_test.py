"""What a test did not use, fetch or deliver, listed when it ends."""

from __future__ import annotations

from collections.abc import Iterable

from fakefal.engine.tenant import Tenant
from fakefal.scenario.compiled.exchange import CompiledExchange
from fakefal.scenario.compiled.shadowing import GO_FIRST, matching_order, shadowing_exchange
from fakefal.server.thread import ThreadedServer
from fakefal.testing.inspect.billing import collect_billed_calls
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
    ) -> None:
        self._server = server
        self._tenant = tenant
        self._builders = list(builders)
        self._own_files = tuple(own_files)

    def unused(self) -> list[str]:
        """Exchanges and replies that answered no call."""
        return self._server.call(self._unused)

    def without_reply(self) -> list[str]:
        """Each ``on`` without a reply, which answers nothing."""
        return [
            f"{builder.location}: on({builder.description}) has no reply, so it answers nothing — "
            "add .text(…), .output(…) or .fail(…)"
            for builder in self._builders
            if not builder.has_reply
        ]

    def _unused(self) -> list[str]:
        tenant = self._tenant
        own_exchanges = [
            *tenant.own_index.exchanges,
            *(exchange for exchange in tenant.base_index.exchanges if self._is_own(exchange)),
        ]
        in_order = matching_order(tenant.own_index, tenant.base_index)
        return [
            line
            for exchange in own_exchanges
            if (line := _describe_unused(tenant, exchange, in_order))
        ]

    def _is_own(self, exchange: CompiledExchange) -> bool:
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
        return self._webhooks_in("failed", "held", "waiting", "sending")

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


def _endpoint_text(exchange: CompiledExchange) -> str:
    endpoint = exchange.model.when.endpoint
    return f" for {endpoint}" if endpoint else ""
