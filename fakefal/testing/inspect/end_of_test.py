"""What a test left undone, found when it ends."""

from __future__ import annotations

from collections.abc import Iterable

from fakefal.engine.tenant import Tenant
from fakefal.scenario.compiled.exchange import Entry
from fakefal.server.thread import ThreadedFakeFal
from fakefal.testing.inspect.billing import paid_by
from fakefal.testing.scripting.scripting import Scripted


class Leftovers:
    """Each question gives a line for each thing; none means that all is well.

    ``files`` names the scenarios whose exchanges are the test's own; others are shared.
    """

    def __init__(
        self,
        server: ThreadedFakeFal,
        tenant: Tenant,
        begun: Iterable[Scripted] = (),
        files: Iterable[str] = (),
    ) -> None:
        self._server = server
        self._tenant = tenant
        self._begun = list(begun)
        self._files = tuple(files)

    def unused(self) -> list[str]:
        """Exchanges and replies that no call has got, and those without a reply."""
        found = [
            f"on({builder.asked}) was given no reply: add .text(…), .output(…) or .fail(…)"
            for builder in self._begun
            if not builder.has_reply
        ]
        return found + self._server.call(self._unused)

    def _unused(self) -> list[str]:
        tenant = self._tenant
        own = [*tenant.own.entries, *(it for it in tenant.base.entries if self._is_own(it))]
        return [line for entry in own if (line := _told(tenant, entry))]

    def _is_own(self, entry: Entry) -> bool:
        return entry.place.endswith(tuple(f" of {file}" for file in self._files))

    def uncollected(self) -> list[str]:
        """Results that were paid for and never fetched."""
        paid = self._server.call(lambda: paid_by(self._tenant))
        return [
            f"{it.request_id} of {it.endpoint} is finished and paid ({it.units:g} units), and "
            "nobody fetched the result"
            for it in paid.uncollected
        ]

    def undelivered(self) -> list[str]:
        """Webhooks that no receiver has accepted though they were due."""
        return self._webhooks("failed", "dropped", "held", "waiting", "sending")

    def refused(self) -> list[str]:
        """Webhooks that went nowhere because their target is neither local nor allowed."""
        return self._webhooks("refused")

    def _webhooks(self, *stages: str) -> list[str]:
        def ask() -> list[str]:
            if not self._tenant.has_webhooks:
                return []
            found = []
            for it in self._tenant.webhooks.deliveries:
                is_untried = it.stage == "waiting" and not it.attempts
                if it.stage in stages and not is_untried:
                    why = it.why
                    if it.attempts and it.stage != "refused":
                        heard = it.attempts[-1].heard
                        last = heard.failure or f"the last answer was {heard.status}"
                        why = f"{why}; {last}" if why else last
                    found.append(f"{it.job.id} to {it.shown_url}: {it.stage}, {why}")
            return found

        return self._server.call(ask)


def _told(tenant: Tenant, entry: Entry) -> str:
    used = tenant.answering.used.get(entry, 0)
    place = f" ({entry.place})" if entry.place else ""
    who = f"{entry.label}{place}{_meant(entry)}"
    if not used:
        return f"{who} has answered no call"
    if entry.capacity is not None and used < entry.capacity:
        return f"{who} has answered {used} of {entry.capacity} calls"
    if used < len(entry.plans):
        return f"{who} has given {used} of its {len(entry.plans)} replies"
    return ""


def _meant(entry: Entry) -> str:
    endpoint = entry.exchange.when.endpoint
    return f" for {endpoint}" if endpoint else ""
