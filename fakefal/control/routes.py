"""The whole control API on one page: what can be asked, and who answers it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

Scope = Literal["public", "server", "key"]
"""``public`` is told to all, ``server`` is about the whole of it, ``key`` about one tenant."""


@dataclass(frozen=True, slots=True)
class Route:
    """One line of the table.

    ``handler`` is a module beside this one and a function in it, imported when it is first asked
    for. ``query``, ``body`` and ``answer`` name shapes; an answer in brackets is a list of them.
    ``example`` is a body that would be right, ``content_type`` that of an answer without a shape.
    """

    method: str
    path: str
    handler: str
    summary: str
    scope: Scope = "key"
    answer: str = ""
    query: str = "Parameters"
    body: str = ""
    example: str = ""
    content_type: str = "application/json"


_SENT = (
    "fakefal: 1\nexchanges:\n  - when: {endpoint: fal-ai/any-llm}\n    reply: {text: Ship it.}\n"
)
_PEM, _TEXT, _EVENTS = "application/x-pem-file", "text/plain", "text/event-stream"

ROUTES: tuple[Route, ...] = (
    Route("GET", "/", "server.health", "whether it is alive", "public", "Health", ""),
    Route("GET", "/health", "server.health", "whether it is alive", "public", "Health", ""),
    Route("GET", "/ready", "server.ready", "whether all its ports listen", "public", "Ready", ""),
    Route(
        "GET",
        "/ca.pem",
        "server.certificate",
        "the certificate of the local CA, to be trusted",
        "public",
        query="",
        content_type=_PEM,
    ),
    Route("GET", "/version", "server.version", "which fakefal this is", "server", "Version", ""),
    Route(
        "GET", "/tenants", "server.tenants", "the keys that have called", "server", "[Tenant]", ""
    ),
    Route(
        "GET",
        "/metrics",
        "metrics.metrics",
        "counters as Prometheus reads them",
        "server",
        query="",
        content_type=_TEXT,
    ),
    Route(
        "GET", "/openapi.json", "openapi.described", "this API as OpenAPI 3.1", "server", query=""
    ),
    Route(
        "GET", "/scenarios", "scenarios.told", "exchanges, and how often used", answer="Scenarios"
    ),
    Route(
        "PUT",
        "/scenarios",
        "scenarios.replace",
        "answer with this one instead; YAML or JSON",
        answer="Taken",
        query="SentParameters",
        body="Scenario",
        example=_SENT,
    ),
    Route(
        "POST",
        "/scenarios",
        "scenarios.append",
        "answer with this one too, after those there are",
        answer="Taken",
        query="SentParameters",
        body="Scenario",
        example=_SENT,
    ),
    Route("DELETE", "/scenarios", "scenarios.clear", "forget what was sent", answer="Cleared"),
    Route(
        "GET",
        "/journal",
        "journal.listed",
        "all that happened, oldest first",
        answer="[Entry]",
        query="JournalParameters",
    ),
    Route(
        "GET",
        "/journal/live",
        "journal.live",
        "the journal as it is written: server-sent events",
        query="LiveParameters",
        content_type=_EVENTS,
    ),
    Route(
        "GET",
        "/jobs",
        "jobs.listed",
        "queue requests and where they are",
        answer="[Job]",
        query="JobParameters",
    ),
    Route("GET", "/jobs/{request_id}", "jobs.one", "all about one of them", answer="JobDetails"),
    Route(
        "GET",
        "/misses",
        "jobs.misses",
        "calls that met no exchange",
        answer="[Miss]",
        query="MissParameters",
    ),
    Route(
        "GET",
        "/webhooks",
        "webhooks.listed",
        "webhooks and their attempts",
        answer="[Delivery]",
        query="WebhookParameters",
    ),
    Route(
        "POST",
        "/webhooks/redeliver",
        "webhooks.redeliver",
        "send one again, or all that failed",
        answer="[Delivery]",
        body="Redeliver",
        example='{"request_id": "…"}, or {} for all failed',
    ),
    Route("GET", "/jwks.json", "webhooks.jwks", "the public keys of webhooks", "server", "Jwks"),
    Route(
        "POST",
        "/jwks",
        "webhooks.publish",
        "how those keys are published",
        answer="Jwks",
        body="Publish",
        example='{"jwks": "down"}, {"jwks": {…}}, or {"rotate": true}',
    ),
    Route("GET", "/files", "jobs.files", "uploads, and files of outputs", answer="[File]"),
    Route("GET", "/clock", "clock.told", "the clock", answer="Clock"),
    Route(
        "POST",
        "/clock/advance",
        "clock.advance",
        "move it: by a duration, or to an instant",
        answer="Clock",
        body="Advance",
        example='{"by": "90s"}, or {"to": "2026-01-01T00:05:00Z"}',
    ),
    Route(
        "POST",
        "/reset",
        "clock.reset",
        "forget jobs, files, journal, counters and sent scenarios",
        answer="Reset",
        body="ResetBody",
        example='{} or {"clock": "manual"}',
    ),
)
"""Every route, under ``/_fakefal``."""


@cache
def paths() -> dict[str, dict[str, Route]]:
    """The routes by path, then by method."""
    found: dict[str, dict[str, Route]] = {}
    for route in ROUTES:
        found.setdefault(route.path, {})[route.method] = route
    return found


def find(path: str) -> tuple[dict[str, Route], dict[str, str]]:
    """The routes of a path, by method, and what they take from it; no routes if there are none."""
    path = path.rstrip("/") or "/"
    exact = paths().get(path)
    if exact is not None:
        return exact, {}
    asked = path.split("/")
    for pattern, routes in paths().items():
        wanted = pattern.split("/")
        if "{" in pattern and len(wanted) == len(asked):
            pairs = list(zip(wanted, asked, strict=True))
            if all(one == other or one.startswith("{") for one, other in pairs):
                return routes, {one[1:-1]: other for one, other in pairs if one.startswith("{")}
    return {}, {}
