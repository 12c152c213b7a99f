"""Requests, billable units and prices of a tenant, as the Platform API lists them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fakefal.engine.core.journal import JournalEntry
from fakefal.engine.queue.job import Job
from fakefal.protocol.core.call import Json
from fakefal.protocol.core.endpoints import EndpointId, parse_endpoint
from fakefal.protocol.llm.endpoints import PROMPT_ENDPOINTS, TOKEN_METERED_APIS
from fakefal.protocol.platform_api.billing import read_tags
from fakefal.scenario.media.output_kinds import guess_kind

if TYPE_CHECKING:
    from fakefal.engine.tenant import Tenant

_PRICES: dict[str, tuple[float, str]] = {
    "images": (0.025, "images"),
    "image": (0.025, "images"),
    "video": (0.1, "seconds"),
    "audio": (0.05, "minutes"),
    "mesh": (0.2, "generations"),
    "text": (0.001, "requests"),
    "chunks": (0.001, "minutes"),
}
_LANGUAGE_PRICE = (0.001, "requests")
_METERED_PRICE = (1.0, "dollars")
_OTHER_PRICE = (0.01, "requests")
"""Price per unit in dollars, and the unit, where the scenario has no price: invented numbers."""

_GLOB = frozenset("*?")


@dataclass(frozen=True, slots=True)
class UsageRecord:
    """A request in a list of the Platform API; ``status`` is None until it has ended."""

    request_id: str
    endpoint: str
    sent_at: float
    started_at: float | None
    ended_at: float | None
    status: int | None
    units: float | None
    input: Json
    output: Json = None
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def duration(self) -> float | None:
        """The seconds from its start to its end; None before that."""
        if self.started_at is None or self.ended_at is None:
            return None
        return round(self.ended_at - self.started_at, 6)


class UsageLedger:
    """Reads the journal and the jobs of a tenant; it has no other state."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant

    def requests(self) -> Iterator[UsageRecord]:
        """The calls that matched an exchange, newest first."""
        now = self._tenant.clock.now()
        units = {request_id: units for _, request_id, units in self._tenant.journal.bills}
        for entry in reversed(list(self._tenant.journal)):
            call = entry.call
            if entry.kind != "call" or call is None or entry.miss is not None or not entry.label:
                continue
            job = self._tenant.queue.jobs.get(entry.request_id)
            if job is not None:
                self._tenant.queue.advance_job(job, now)
                yield _job_record(job)
            else:
                yield _direct_record(entry, units.get(entry.request_id))

    def endpoints(self) -> list[EndpointId]:
        """The endpoints that the scenario names; and those of LLMs if unmatched calls succeed."""
        tenant = self._tenant
        names: list[str] = []
        for exchange in (*tenant.own_index.exchanges, *tenant.base_index.exchanges):
            patterns = exchange.model.when.endpoint
            names += [patterns] if isinstance(patterns, str) else patterns or ()
        environment = tenant.faults.environment
        if environment is not None:
            names += [pattern for pattern, _ in environment.apps]
        if tenant.settings.schemas is not None:
            names += tenant.settings.schemas.endpoints()
        if tenant.settings.unmatched != "fail":
            names += PROMPT_ENDPOINTS
        by_text: dict[str, EndpointId] = {}
        for name in names:
            endpoint = None if _GLOB & set(name) else parse_endpoint(name)
            if endpoint is not None and not tenant.faults.app_of(endpoint).is_removed:
                by_text[endpoint.text] = endpoint
        return [by_text[name] for name in sorted(by_text)]

    def price(self, endpoint: str) -> tuple[float, str]:
        """The price per unit in dollars, and the unit."""
        parsed = parse_endpoint(endpoint)
        if parsed is None:
            return _OTHER_PRICE
        scripted_price = self._tenant.faults.app_of(parsed).price
        if scripted_price is not None:
            return scripted_price
        if parsed.llm_api in TOKEN_METERED_APIS:
            return _METERED_PRICE
        if parsed.llm_api is not None:
            return _LANGUAGE_PRICE
        return _PRICES.get(guess_kind(parsed.text) or "", _OTHER_PRICE)

    def forget(self, request_id: str) -> list[str] | None:
        """Delete the payloads and files of a request; returns the URLs of the files.

        None for an unknown request. A job that has not ended is kept without its files.
        """
        job = self._tenant.queue.jobs.get(request_id)
        if job is None:
            return None
        file_urls = list(job.rendered.outcome.file_urls)
        for url in file_urls:
            self._tenant.files.remove(url)
        self._tenant.queue.advance_job(job, self._tenant.clock.now())
        if job.ended_at is not None:
            del self._tenant.queue.jobs[request_id]
        return file_urls


def _direct_record(entry: JournalEntry, units: float | None) -> UsageRecord:
    assert entry.call is not None
    is_queued = entry.call.via == "queue"
    ended_at = None if is_queued else entry.at
    return UsageRecord(
        entry.request_id,
        entry.call.endpoint.text,
        entry.at,
        ended_at,
        ended_at,
        None if is_queued else entry.status or 499,
        units,
        entry.call.input,
        tags=read_tags(entry.call.headers.get("x-fal-tags")),
    )


def _job_record(job: Job) -> UsageRecord:
    outcome = job.rendered.outcome
    is_over = job.ended_at is not None
    started_at = job.started_at
    return UsageRecord(
        job.id,
        job.call.endpoint.text,
        job.created_at,
        started_at,
        job.ended_at,
        outcome.status if is_over else None,
        job.units if is_over and outcome.is_success else None,
        job.call.input,
        outcome.body if is_over and not isinstance(outcome.body, bytes) else None,
        read_tags(job.call.headers.get("x-fal-tags")),
    )
