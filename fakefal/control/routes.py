"""The route table of the control API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from fakefal.routing import Route, matching_routes

Scope = Literal["public", "server", "key"]
"""``public`` needs no token, ``server`` is about the whole server, ``key`` about one tenant."""


@dataclass(frozen=True, slots=True)
class ApiRoute(Route):
    """A route with its description.

    ``query_model``, ``body_model`` and ``response`` are classes in ``schemas``; a response in
    brackets is a list. ``example`` is a valid body. ``content_type`` is that of a response without
    a schema.
    """

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

ROUTES: tuple[ApiRoute, ...] = (
    ApiRoute("GET", "/", "server.health", "whether the server is alive", "public", "Health", ""),
    ApiRoute(
        "GET", "/health", "server.health", "whether the server is alive", "public", "Health", ""
    ),
    ApiRoute("GET", "/ready", "server.ready", "whether all ports listen", "public", "Ready", ""),
    ApiRoute(
        "GET",
        "/ca.pem",
        "server.certificate",
        "the certificate of the local CA",
        "public",
        query_model="",
        content_type=_PEM,
    ),
    ApiRoute(
        "GET",
        "/version",
        "server.version",
        "versions of fakefal, the scenario format and Python",
        "server",
        "Version",
        "",
    ),
    ApiRoute(
        "GET", "/tenants", "server.list_tenants", "keys that have called", "server", "[Tenant]", ""
    ),
    ApiRoute(
        "GET",
        "/metrics",
        "metrics.export_metrics",
        "metrics in Prometheus' text format",
        "server",
        query_model="",
        content_type=_TEXT,
    ),
    ApiRoute(
        "GET",
        "/openapi.json",
        "openapi.describe_api",
        "this API as OpenAPI 3.1",
        "server",
        query_model="",
    ),
    ApiRoute(
        "GET",
        "/scenarios",
        "scenarios.show_scenarios",
        "exchanges with their use counts",
        response="Scenarios",
    ),
    ApiRoute(
        "PUT",
        "/scenarios",
        "scenarios.replace_scenarios",
        "replace the scenarios sent before; YAML or JSON",
        response="LoadResult",
        query_model="ScenarioParameters",
        body_model="Scenario",
        example=_EXAMPLE_SCENARIO,
    ),
    ApiRoute(
        "POST",
        "/scenarios",
        "scenarios.append_scenarios",
        "add a scenario after those sent before; YAML or JSON",
        response="LoadResult",
        query_model="ScenarioParameters",
        body_model="Scenario",
        example=_EXAMPLE_SCENARIO,
    ),
    ApiRoute(
        "DELETE",
        "/scenarios",
        "scenarios.clear_scenarios",
        "remove the scenarios that were sent",
        response="ClearResult",
    ),
    ApiRoute(
        "PUT",
        "/exchanges/{index}",
        "scenarios.put_exchange",
        "set one of the exchanges that were sent; an index past the end appends",
        response="ExchangeResult",
        query_model="ExchangeParameters",
        body_model="Exchange",
        example='{"when": {"endpoint": "fal-ai/any-llm"}, "reply": {"text": "Ship it."}}',
    ),
    ApiRoute(
        "GET",
        "/report",
        "report.show_report",
        "what a test reads at its end: misses, what was not used, and the journal as text",
        response="Report",
        query_model="ReportParameters",
    ),
    ApiRoute(
        "GET",
        "/journal",
        "journal.list_entries",
        "journal entries, oldest first",
        response="[JournalEntry]",
        query_model="JournalParameters",
    ),
    ApiRoute(
        "GET",
        "/journal/live",
        "journal.stream_entries",
        "new journal entries as server-sent events",
        query_model="LiveParameters",
        content_type=_EVENTS,
    ),
    ApiRoute(
        "GET",
        "/jobs",
        "jobs.list_jobs",
        "queue requests and their states",
        response="[Job]",
        query_model="JobParameters",
    ),
    ApiRoute(
        "GET", "/jobs/{request_id}", "jobs.show_job", "one queue request", response="JobDetails"
    ),
    ApiRoute(
        "GET",
        "/misses",
        "jobs.list_misses",
        "calls that matched no exchange",
        response="[Miss]",
        query_model="MissParameters",
    ),
    ApiRoute(
        "GET",
        "/webhooks",
        "webhooks.list_webhooks",
        "webhooks and their attempts",
        response="[Delivery]",
        query_model="WebhookParameters",
    ),
    ApiRoute(
        "POST",
        "/webhooks/redeliver",
        "webhooks.redeliver_webhooks",
        "send the webhook of one request again, or all that failed",
        response="[Delivery]",
        body_model="RedeliverBody",
        example='{"request_id": "…"}, or {} for all failed',
    ),
    ApiRoute(
        "GET",
        "/jwks.json",
        "webhooks.show_jwks",
        "the public keys for webhooks",
        "server",
        "Jwks",
    ),
    ApiRoute(
        "POST",
        "/jwks",
        "webhooks.publish_jwks",
        "change how these keys are published",
        response="Jwks",
        body_model="PublishBody",
        example='{"jwks": "down"}, {"jwks": {…}}, or {"rotate": true}',
    ),
    ApiRoute("GET", "/files", "jobs.list_files", "uploads and output files", response="[File]"),
    ApiRoute("GET", "/clock", "clock.show_clock", "the tenant's clock", response="Clock"),
    ApiRoute(
        "POST",
        "/clock/advance",
        "clock.advance_clock",
        "advance it by a duration or to an instant",
        response="Clock",
        body_model="AdvanceBody",
        example='{"by": "90s"}, or {"to": "2026-01-01T00:05:00Z"}',
    ),
    ApiRoute(
        "POST",
        "/reset",
        "clock.reset",
        "remove jobs, files, journal, counters and sent scenarios",
        response="ResetResult",
        body_model="ResetBody",
        example='{} or {"clock": "manual"}',
    ),
)
"""All routes; their paths are under ``/_fakefal``."""


def find_routes(path: str) -> tuple[dict[str, ApiRoute], Mapping[str, str]]:
    """The routes for a path by method, and the parameters in the path; empty if there are none."""
    matches = [*matching_routes(ROUTES, path.rstrip("/") or "/")]
    return {route.method: route for route, _ in matches}, matches[0][1] if matches else {}
