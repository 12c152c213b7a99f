"""The error catalogue: finding a failure by its name, and what it looks like on the wire."""

from __future__ import annotations

from dataclasses import replace

from fakefal.protocol.core.call import Outcome
from fakefal.protocol.errors.errors import (
    ErrorSpec,
    detail_error,
    failed_outcome,
    ingress_page,
    model_error,
    request_error,
)
from fakefal.protocol.errors.situations import ERROR_SPECS

CATALOG: dict[str, ErrorSpec] = {entry.name: entry for entry in ERROR_SPECS}
"""Every entry by its name; a name may be written with dashes as well."""

ALIASES: dict[str, str] = {
    "content_policy": "content_policy_violation",
    "no_media": "no_media_generated",
    "locked": "exhausted_balance",
    "concurrency": "concurrent_requests_limit",
    "runner_incomplete": "runner_incomplete_response",
    "downstream_down": "downstream_service_unavailable",
}
"""Shorter names that scenarios may use."""


def find_error(name: str) -> ErrorSpec | None:
    """The entry of a name, dashes and aliases allowed; None if there is none."""
    canonical_name = name.replace("-", "_")
    return CATALOG.get(ALIASES.get(canonical_name, canonical_name))


def error_names() -> tuple[str, ...]:
    """Every name that a scenario may use, aliases included, in the order of the catalogue."""
    return (*CATALOG, *ALIASES)


def outcome_of(spec: ErrorSpec, *, app: str = "", path: str = "") -> Outcome:
    """How a call ends that meets this error in its usual form.

    ``app`` (``fal-ai/any-llm``) and ``path`` are those of the call, for the texts that name them.
    """
    if spec.kind == "model":
        return model_error(spec)
    if spec.kind == "request":
        return request_error(spec)
    if spec.kind == "ingress":
        page = failed_outcome(
            spec.status, ingress_page(spec.status, spec.message), fails_at="submit"
        )
        return replace(page, content_type="text/html", identified=False)
    if mentions_call(spec):
        text = spec.message.format(app=app, alias=app.rpartition("/")[2], path=path)
        return detail_error(replace(spec, message=text))
    return detail_error(spec)


def mentions_call(spec: ErrorSpec) -> bool:
    """Whether the text of an error names the app or the path that was asked for."""
    return "{" in spec.message
