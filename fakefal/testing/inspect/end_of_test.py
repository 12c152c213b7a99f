"""What a test did not use, fetch or deliver, listed when it ends."""

from __future__ import annotations

from collections.abc import Iterable

from fakefal.engine.reports.end_of_test import (
    REFUSED_STAGES,
    UNDELIVERED_STAGES,
    uncollected_results,
    unused_exchanges,
    webhooks_in,
)
from fakefal.engine.tenant import Tenant
from fakefal.server.thread import ThreadedServer
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
        return self._server.call(lambda: unused_exchanges(self._tenant, self._own_files))

    def without_reply(self) -> list[str]:
        """Each ``on`` without a reply, which answers nothing."""
        return [
            f"{builder.location}: on({builder.description}) has no reply, so it answers nothing — "
            "add .text(…), .output(…) or .fail(…)"
            for builder in self._builders
            if not builder.has_reply
        ]

    def uncollected(self) -> list[str]:
        """Results that fal would bill and that were never fetched."""
        return self._server.call(lambda: uncollected_results(self._tenant))

    def undelivered(self) -> list[str]:
        """Webhooks that were due and that no receiver accepted."""
        return self._server.call(lambda: webhooks_in(self._tenant, UNDELIVERED_STAGES))

    def refused(self) -> list[str]:
        """Webhooks that were not sent because their target is neither local nor allowed."""
        return self._server.call(lambda: webhooks_in(self._tenant, REFUSED_STAGES))
