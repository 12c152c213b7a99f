"""What the calls of a test would have cost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fakefal.engine.queue.job import State
from fakefal.engine.tenant import Tenant
from fakefal.protocol.core.call import Json


@dataclass(frozen=True, slots=True)
class Payment:
    """A call that is billed. ``collected``: somebody got its result, by answer or by webhook."""

    endpoint: str
    via: str
    input: Json
    request_id: str
    units: float
    collected: bool


class Paid(list[Payment]):
    """The calls that are billed: ``len(fakefal.paid)``, ``fakefal.paid.units``."""

    @property
    def units(self) -> float:
        """Billable units in all."""
        return sum(payment.units for payment in self)

    @property
    def uncollected(self) -> Paid:
        """Those whose result nobody fetched."""
        return Paid(payment for payment in self if not payment.collected)


def paid_by(tenant: Tenant) -> Paid:
    """What the calls of a tenant cost; a queued one costs when it has run to an output."""
    collected = set(_collected(tenant))
    found = Paid(
        Payment(call.endpoint.text, call.via, call.input, request_id, units, True)
        for call, request_id, units in tenant.spent
    )
    now = tenant.clock.now()
    for job in tenant.queue.jobs.values():
        tenant.queue.look(job, now)
        if job.state is State.COMPLETED and job.units and job.ending.outcome.is_success:
            call = job.call
            is_collected = job.id in collected
            found.append(
                Payment(call.endpoint.text, call.via, call.input, job.id, job.units, is_collected)
            )
    return found


def _collected(tenant: Tenant) -> Iterable[str]:
    for entry in tenant.journal:
        if entry.kind == "result" and entry.status == 200:
            yield entry.request_id
    if tenant.has_webhooks:
        yield from (it.job.id for it in tenant.webhooks.deliveries if it.stage == "delivered")
