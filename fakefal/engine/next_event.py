"""What time will bring about for a tenant, one event after the other."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from fakefal.protocol.core.json_codec import iso

if TYPE_CHECKING:
    from fakefal.engine.tenant import Tenant


def next_instant(tenant: Tenant) -> float:
    """The nearest instant after now at which something happens by time alone; may be infinite."""
    now = tenant.clock.now()
    found = [tenant.clock.next_wait()]
    for job in tenant.queue.jobs.values():
        tenant.queue.look(job, now)
        if not job.is_over:
            found.append(tenant.queue.boundary(job))
    if tenant.has_webhooks:
        found.append(tenant.webhooks.next_due())
    return min((it for it in found if it > now), default=math.inf)


def go_on(tenant: Tenant, limit: float) -> str:
    """Move the clock to the next event, or say what speaks against it."""
    due = next_instant(tenant)
    if due == math.inf:
        waiting = [job.id for job in tenant.queue.jobs.values() if not job.is_over]
        if not waiting:
            return "no request is under way, and nothing waits for time"
        return f"time alone does not move on {', '.join(waiting[:5])}: status polls are waited for"
    if due > limit:
        return f"the next event is at {iso(due)}, later than may be waited for"
    tenant.clock.advance(due - tenant.clock.now())
    return ""
