"""What a test left undone, found when it ends."""

from __future__ import annotations

from collections.abc import Iterable

from fakefal.engine.tenant import Tenant
from fakefal.scenario.compiled.exchange import CompiledExchange
from fakefal.server.thread import ThreadedServer
from fakefal.testing.inspect.billing import collect_billed_calls
from fakefal.testing.scripting.scripting import ScriptedExchange


class EndOfTestChecks:
    """Each question gives a line for each thing; none means that all is well.

    ``files`` names the scenarios whose exchanges are the test's own; others are shared.
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
        """Exchanges and replies that no call has got, and those without a reply."""
        missing_replies = [
            f"on({builder.description}) was given no reply: add .text(…), .output(…) or .fail(…)"
            for builder in self._builders
            if not builder.has_reply
        ]
        return missing_replies + self._server.call(self._unused)

    def _unused(self) -> list[str]:
        tenant = self._tenant
        own_exchanges = [
            *tenant.own_index.exchanges,
            *(exchange for exchange in tenant.base_index.exchanges if self._is_own(exchange)),
        ]
        return [line for exchange in own_exchanges if (line := _describe_unused(tenant, exchange))]

    def _is_own(self, exchange: CompiledExchange) -> bool:
        return exchange.location.endswith(tuple(f" of {file}" for file in self._own_files))

    def uncollected(self) -> list[str]:
        """Results that were paid for and never fetched."""
        billed_calls = self._server.call(lambda: collect_billed_calls(self._tenant))
        return [
            f"{call.request_id} of {call.endpoint} is finished and paid ({call.units:g} units), and "
            "nobody fetched the result"
            for call in billed_calls.uncollected
        ]

    def undelivered(self) -> list[str]:
        """Webhooks that no receiver has accepted though they were due."""
        return self._webhooks_in("failed", "dropped", "held", "waiting", "sending")

    def refused(self) -> list[str]:
        """Webhooks that went nowhere because their target is neither local nor allowed."""
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
                        last_result = result.failure or f"the last answer was {result.status}"
                        reason = f"{reason}; {last_result}" if reason else last_result
                    lines.append(
                        f"{delivery.job.id} to {delivery.shown_url}: {delivery.stage}, {reason}"
                    )
            return lines

        return self._server.call(list_webhooks)


def _describe_unused(tenant: Tenant, exchange: CompiledExchange) -> str:
    use_count = tenant.resolver.use_counts.get(exchange, 0)
    location = f" ({exchange.location})" if exchange.location else ""
    subject = f"{exchange.label}{location}{_endpoint_text(exchange)}"
    if not use_count:
        return f"{subject} has answered no call"
    if exchange.capacity is not None and use_count < exchange.capacity:
        return f"{subject} has answered {use_count} of {exchange.capacity} calls"
    if use_count < len(exchange.replies):
        return f"{subject} has given {use_count} of its {len(exchange.replies)} replies"
    return ""


def _endpoint_text(exchange: CompiledExchange) -> str:
    endpoint = exchange.model.when.endpoint
    return f" for {endpoint}" if endpoint else ""
