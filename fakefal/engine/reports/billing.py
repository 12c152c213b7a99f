"""The calls of a test that fal would bill."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fakefal.engine.queue.job import State
from fakefal.engine.tenant import Tenant
from fakefal.protocol.core.call import Json


@dataclass(frozen=True, slots=True)
class BilledCall:
    """A billed call; ``is_collected`` if its result was fetched or delivered by a webhook."""

    endpoint: str
    via: str
    input: Json
    request_id: str
    units: float
    is_collected: bool


class BilledCalls(list[BilledCall]):
    """The billed calls: ``len(fakefal.spend)``, ``fakefal.spend.units``."""

    @property
    def units(self) -> float:
        """The sum of the billable units."""
        return sum(call.units for call in self)

    @property
    def uncollected(self) -> BilledCalls:
        """The calls whose result was never fetched nor delivered."""
        return BilledCalls(call for call in self if not call.is_collected)


def collect_billed_calls(tenant: Tenant) -> BilledCalls:
    """Collect the billed calls of a tenant; a queue request is billed once it has an output."""
    collected_ids = set(_collected_ids(tenant))
    billed_calls = BilledCalls(
        BilledCall(call.endpoint.text, call.via, call.input, request_id, units, True)
        for call, request_id, units in tenant.journal.bills
        if units
    )
    now = tenant.clock.now()
    for job in tenant.queue.jobs.values():
        tenant.queue.advance_job(job, now)
        if job.state is State.COMPLETED and job.units and job.rendered.outcome.is_success:
            call = job.call
            is_collected = job.id in collected_ids
            billed_calls.append(
                BilledCall(
                    call.endpoint.text, call.via, call.input, job.id, job.units, is_collected
                )
            )
    return billed_calls


def _collected_ids(tenant: Tenant) -> Iterable[str]:
    for entry in tenant.journal:
        if entry.kind == "result" and entry.status == 200:
            yield entry.request_id
    if tenant.has_webhooks:
        yield from (
            delivery.job.id
            for delivery in tenant.webhooks.deliveries
            if delivery.stage == "delivered"
        )
