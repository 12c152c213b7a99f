"""The clock of a tenant, and its new beginning."""

from __future__ import annotations

from typing import Any

from fakefal.control.requests import Asked, refused
from fakefal.engine.controls import Controls


def told(asked: Asked) -> dict[str, Any]:
    """The clock as it is now."""
    return asked.controls.clock()


def advance(asked: Asked) -> dict[str, Any]:
    """Move it by a duration, or to an instant; a duration may also be sent bare."""
    from fakefal.control.schemas import Advance

    controls = asked.controls
    sent = asked.read()
    given = asked.read_as(Advance, sent if isinstance(sent, dict) else {"by": sent})
    if (given.by is None) == (given.to is None):
        raise refused(400, f"the clock moves by a duration or to an instant — send {asked.example}")
    if given.by is not None:
        return controls.advance(given.by)
    assert given.to is not None
    left = round(given.to.timestamp() - controls.tenant.clock.now(), 6)
    if left < 0:
        raise refused(400, f"{given.to.isoformat()} is past: time goes forward only")
    return controls.advance(left)


def reset(asked: Asked) -> dict[str, Any]:
    """Begin anew: the tenant of a key, or every one."""
    from fakefal.control.schemas import ResetBody

    clock = asked.read_as(ResetBody).clock
    if asked.is_for_all:
        for tenant in asked.engine.tenants:
            Controls.of(asked.engine, tenant).reset(clock)
        return {"reset": True}
    asked.controls.reset(clock)
    return {"reset": True}
