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
    response: str = ""
    query_model: str = "Parameters"
    body_model: str = ""
    example: str = ""
    content_type: str = "application/json"


_EXAMPLE_SCENARIO = (
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
        query_model="",
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
        query_model="",
        content_type=_TEXT,
    ),
    Route(
        "GET",
        "/openapi.json",
        "openapi.described",
        "this API as OpenAPI 3.1",
        "server",
        query_model="",
    ),
    Route(
        "GET", "/scenarios", "scenarios.told", "exchanges, and how often used", response="Scenarios"
    ),
    Route(
        "PUT",
        "/scenarios",
        "scenarios.replace",
        "answer with this one instead; YAML or JSON",
        response="Taken",
        query_model="SentParameters",
        body_model="Scenario",
        example=_EXAMPLE_SCENARIO,
    ),
    Route(
        "POST",
        "/scenarios",
        "scenarios.append",
        "answer with this one too, after those there are",
        response="Taken",
        query_model="SentParameters",
        body_model="Scenario",
        example=_EXAMPLE_SCENARIO,
    ),
    Route("DELETE", "/scenarios", "scenarios.clear", "forget what was sent", response="Cleared"),
    Route(
        "GET",
        "/journal",
        "journal.listed",
        "all that happened, oldest first",
        response="[Entry]",
        query_model="JournalParameters",
    ),
    Route(
        "GET",
        "/journal/live",
        "journal.live",
        "the journal as it is written: server-sent events",
        query_model="LiveParameters",
        content_type=_EVENTS,
    ),
    Route(
        "GET",
        "/jobs",
        "jobs.listed",
        "queue requests and where they are",
        response="[Job]",
        query_model="JobParameters",
    ),
    Route("GET", "/jobs/{request_id}", "jobs.one", "all about one of them", response="JobDetails"),
    Route(
        "GET",
        "/misses",
        "jobs.misses",
        "calls that met no exchange",
        response="[Miss]",
        query_model="MissParameters",
    ),
    Route(
        "GET",
        "/webhooks",
        "webhooks.listed",
        "webhooks and their attempts",
        response="[Delivery]",
        query_model="WebhookParameters",
    ),
    Route(
        "POST",
        "/webhooks/redeliver",
        "webhooks.redeliver",
        "send one again, or all that failed",
        response="[Delivery]",
        body_model="Redeliver",
        example='{"request_id": "…"}, or {} for all failed',
    ),
    Route("GET", "/jwks.json", "webhooks.jwks", "the public keys of webhooks", "server", "Jwks"),
    Route(
        "POST",
        "/jwks",
        "webhooks.publish",
        "how those keys are published",
        response="Jwks",
        body_model="Publish",
        example='{"jwks": "down"}, {"jwks": {…}}, or {"rotate": true}',
    ),
    Route("GET", "/files", "jobs.files", "uploads, and files of outputs", response="[File]"),
    Route("GET", "/clock", "clock.told", "the clock", response="Clock"),
    Route(
        "POST",
        "/clock/advance",
        "clock.advance",
        "move it: by a duration, or to an instant",
        response="Clock",
        body_model="Advance",
        example='{"by": "90s"}, or {"to": "2026-01-01T00:05:00Z"}',
    ),
    Route(
        "POST",
        "/reset",
        "clock.reset",
        "forget jobs, files, journal, counters and sent scenarios",
        response="Reset",
        body_model="ResetBody",
        example='{} or {"clock": "manual"}',
    ),
)
"""Every route, under ``/_fakefal``."""


@cache
def routes_by_path() -> dict[str, dict[str, Route]]:
    """The routes by path, then by method."""
    by_path: dict[str, dict[str, Route]] = {}
    for route in ROUTES:
        by_path.setdefault(route.path, {})[route.method] = route
    return by_path


def find_routes(path: str) -> tuple[dict[str, Route], dict[str, str]]:
    """The routes of a path, by method, and what they take from it; no routes if there are none."""
    path = path.rstrip("/") or "/"
    exact = routes_by_path().get(path)
    if exact is not None:
        return exact, {}
    segments = path.split("/")
    for pattern, routes in routes_by_path().items():
        expected = pattern.split("/")
        if "{" in pattern and len(expected) == len(segments):
            pairs = list(zip(expected, segments, strict=True))
            if all(
                expected_segment == segment or expected_segment.startswith("{")
                for expected_segment, segment in pairs
            ):
                return routes, {one[1:-1]: other for one, other in pairs if one.startswith("{")}
    return {}, {}
