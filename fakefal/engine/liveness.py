"""Whether a key has something that must not be dropped."""

from __future__ import annotations

from fakefal.engine.tenant import Tenant


def is_idle(tenant: Tenant) -> bool:
    """Whether nothing would be lost but history: no live work, scenario, setting, listener."""
    has_own_exchanges = len(tenant.own_index.exchanges) > 0 or tenant.has_own_routes
    has_own_state = tenant.initial_state is not None or has_own_exchanges
    is_used = has_own_state or tenant.has_changed_settings or tenant.close_callbacks
    return not is_used and not has_live_work(tenant)


def has_live_work(tenant: Tenant) -> bool:
    """Whether a request, webhook, direct call, socket or upload is unfinished."""
    if tenant.alive_count or tenant.uploads.has_unfinished:
        return True
    return not tenant.queue.is_idle(tenant.clock.now())
