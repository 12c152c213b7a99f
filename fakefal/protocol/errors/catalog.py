"""The error catalogue: finding a failure by its name, and what it looks like on the wire."""

from __future__ import annotations

from dataclasses import replace

from fakefal.protocol.core.call import Outcome
from fakefal.protocol.errors.errors import (
    ErrorEntry,
    failure,
    ingress_page,
    model_error,
    plain_error,
    request_error,
)
from fakefal.protocol.errors.situations import ENTRIES

CATALOGUE: dict[str, ErrorEntry] = {entry.name: entry for entry in ENTRIES}
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


def find_entry(name: str) -> ErrorEntry | None:
    """The entry of a name, dashes and aliases allowed; None if there is none."""
    plain = name.replace("-", "_")
    return CATALOGUE.get(ALIASES.get(plain, plain))


def known_names() -> tuple[str, ...]:
    """Every name that a scenario may use, aliases included, in the order of the catalogue."""
    return (*CATALOGUE, *ALIASES)


def outcome_of(entry: ErrorEntry, *, app: str = "", path: str = "") -> Outcome:
    """How a call ends that meets this error in its usual form.

    ``app`` (``fal-ai/any-llm``) and ``path`` are those of the call, for the texts that name them.
    """
    if entry.kind == "model":
        return model_error(entry)
    if entry.kind == "request":
        return request_error(entry)
    if entry.kind == "ingress":
        page = failure(entry.status, ingress_page(entry.status, entry.message), moment="submit")
        return replace(page, content_type="text/html", identified=False)
    if names_call(entry):
        text = entry.message.format(app=app, alias=app.rpartition("/")[2], path=path)
        return plain_error(replace(entry, message=text))
    return plain_error(entry)


def names_call(entry: ErrorEntry) -> bool:
    """Whether the text of an error names the app or the path that was asked for."""
    return "{" in entry.message
