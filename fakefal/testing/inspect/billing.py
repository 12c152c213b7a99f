"""What the calls of a test would have cost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fakefal.engine.queue.job import State
from fakefal.engine.tenant import Tenant
from fakefal.protocol.core.call import Json


@dataclass(frozen=True, slots=True)
class BilledCall:
    """A call that is billed. ``collected``: somebody got its result, by answer or by webhook."""

    endpoint: str
    via: str
    input: Json
    request_id: str
    units: float
    is_collected: bool


class BilledCalls(list[BilledCall]):
    """The calls that are billed: ``len(fakefal.paid)``, ``fakefal.paid.units``."""

    @property
    def units(self) -> float:
        """Billable units in all."""
        return sum(call.units for call in self)

    @property
    def uncollected(self) -> BilledCalls:
        """Those whose result nobody fetched."""
        return BilledCalls(call for call in self if not call.is_collected)


def collect_billed_calls(tenant: Tenant) -> BilledCalls:
    """What the calls of a tenant cost; a queued one costs when it has run to an output."""
    collected_ids = set(_collected_ids(tenant))
    billed_calls = BilledCalls(
        BilledCall(call.endpoint.text, call.via, call.input, request_id, units, True)
        for call, request_id, units in tenant.spent
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
