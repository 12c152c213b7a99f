"""Steps a tenant's clock from one event to the next."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from fakefal.protocol.core.json_codec import iso
from fakefal.scenario.values.durations import format_duration

if TYPE_CHECKING:
    from fakefal.engine.tenant import Tenant


def next_instant(tenant: Tenant) -> float:
    """The nearest future instant at which elapsed time changes something; may be infinite."""
    now = tenant.clock.now()
    instants = [tenant.clock.next_wait()]
    for job in tenant.queue.jobs.values():
        tenant.queue.advance_job(job, now)
        if not job.is_over:
            instants.append(tenant.queue.next_boundary_of(job))
    if tenant.has_webhooks:
        instants.append(tenant.webhooks.next_due())
    return min((instant for instant in instants if instant > now), default=math.inf)


def standing_clock(tenant: Tenant) -> str:
    """What a clock that only a test moves is waiting for; empty for other clocks.

    ``the clock stands still; next event due at +5s: advance it, fakefal.clock.advance("5s")``.
    """
    if tenant.clock.kind != "manual":
        return ""
    now = tenant.clock.now()
    next_at = next_instant(tenant)
    if next_at == math.inf:
        return ""
    distance = format_duration(math.ceil((next_at - now) * 1000) / 1000)
    return (
        f"the clock stands still; next event due at +{distance}: advance it, "
        f'fakefal.clock.advance("{distance}")'
    )


def step(tenant: Tenant, limit: float) -> str:
    """Advance the clock to the next event; returns why it cannot, or an empty string."""
    next_at = next_instant(tenant)
    if next_at == math.inf:
        waiting = [job.id for job in tenant.queue.jobs.values() if not job.is_over]
        if not waiting:
            return "no request is running, and nothing waits for the clock"
        return f"status polls, not time, move on {', '.join(waiting[:5])}"
    if next_at > limit:
        return f"the next event is at {iso(next_at)}, after the limit"
    tenant.clock.advance(next_at - tenant.clock.now())
    return ""
