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
from fakefal.errors import FakefalError
from fakefal.server.thread import ThreadedServer
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
        return self._server.call(lambda: unused_exchanges(self._tenant, self._own_files))

    def without_reply(self) -> list[str]:
        """Each ``on`` and ``route`` without a reply, which answers nothing."""
        missing_replies = [
            f"{builder.location}: on({builder.description}) has no reply, so it answers nothing — "
            "add .text(…), .output(…) or .fail(…)"
            for builder in self._builders
            if not builder.has_reply
        ]
        missing_replies += [
            f"route({builder.description}) has no reply: add .json(…), .text(…) or .fail(…)"
            for builder in self._route_builders
            if not builder.has_reply
        ]
        return missing_replies

    def stale(self) -> list[str]:
        """Scripted outputs that could not come from their endpoint's model any more."""
        return self._server.call(self._stale)

    def _stale(self) -> list[str]:
        tenant = self._tenant
        library = tenant.settings.schemas
        if library is None:
            return []
        from fakefal.scenario.files.source import format_path
        from fakefal.scenario.schemas.stale import stale_outputs

        lines = []
        for exchange in (*tenant.own_index.exchanges, *tenant.base_index.exchanges):
            try:
                for path, text, endpoint in stale_outputs(exchange.model, library):
                    lines.append(f"{exchange.name} for {endpoint}: {format_path(path)}: {text}")
            except FakefalError as error:
                lines.append(str(error))
        return lines

    def uncollected(self) -> list[str]:
        """Results that fal would bill and that were never fetched."""
        return self._server.call(lambda: uncollected_results(self._tenant))

    def undelivered(self) -> list[str]:
        """Webhooks that were due and that no receiver accepted."""
        return self._server.call(lambda: webhooks_in(self._tenant, UNDELIVERED_STAGES))

    def refused(self) -> list[str]:
        """Webhooks that were not sent because their target is neither local nor allowed."""
        return self._server.call(lambda: webhooks_in(self._tenant, REFUSED_STAGES))
