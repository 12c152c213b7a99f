"""Control of a tenant's clock, and resets."""

from __future__ import annotations

from typing import Any

from fakefal.control.requests import ControlRequest, control_error
from fakefal.engine.controls import Controls


def show_clock(request: ControlRequest) -> dict[str, Any]:
    """Kind and current time of the clock."""
    return request.controls.clock()


def advance_clock(request: ControlRequest) -> dict[str, Any]:
    """Advance by a duration or to an instant; the body may be a bare duration."""
    from fakefal.control.schemas import AdvanceBody

    controls = request.controls
    sent = request.read_json()
    body = request.parse_body(AdvanceBody, sent if isinstance(sent, dict) else {"by": sent})
    if (body.by is None) == (body.to is None):
        raise control_error(
            400, f"the clock advances by a duration or to an instant — send {request.example}"
        )
    if body.by is not None:
        return controls.advance(body.by)
    assert body.to is not None
    seconds = round(body.to.timestamp() - controls.tenant.clock.now(), 6)
    if seconds < 0:
        raise control_error(
            400, f"{body.to.isoformat()} is in the past: the clock only goes forward"
        )
    return controls.advance(seconds)


def reset(request: ControlRequest) -> dict[str, Any]:
    """Replace the tenant of a key, or all tenants, by new ones."""
    from fakefal.control.schemas import ResetBody

    clock = request.parse_body(ResetBody).clock
    if request.is_for_all:
        for tenant in request.engine.tenants:
            Controls.for_tenant(request.engine, tenant).reset(clock)
        return {"reset": True}
    request.controls.reset(clock)
    return {"reset": True}
