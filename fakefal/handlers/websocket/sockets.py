"""What all WebSockets share: the handshake, its faults, and waiting on the clock."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace

from fakefal.credentials.names import is_secret_parameter
from fakefal.engine.core.clock import Clock, Signal
from fakefal.engine.tenant import Tenant
from fakefal.handlers.http import (
    Request,
    Send,
    WebSocketSession,
    endpoint_of,
    granted_tenant,
    read_call,
    tenant_of,
)
from fakefal.protocol.core.call import Call, Via
from fakefal.protocol.errors.fault import Cut, Fault
from fakefal.protocol.websocket.realtime import GOING_AWAY, NORMAL, denied_message, error_reason

_UPGRADE_HEADERS = ("sec-websocket-", "upgrade", "connection")

CLOSE_NORMAL = Cut("close", "end", close_code=NORMAL)
CLOSE_GOING_AWAY = Cut("close", "end", close_code=GOING_AWAY)


def is_upgrade(request: Request) -> bool:
    """Whether a GET requests a WebSocket upgrade."""
    return request.headers.get("Upgrade", "").lower() == "websocket"


@dataclass(slots=True)
class Handshake:
    """An authorized upgrade request: its tenant, its call, and the fault of the handshake."""

    request: Request
    tenant: Tenant
    call: Call
    fault: Fault | None = None

    async def accept(self) -> None:
        """Check the fault of the handshake and wait out its delay; raises FaultAbort."""
        self.fault = fault = self.tenant.sockets.check_handshake(self.call)
        if fault is not None and fault.delay_seconds:
            clock = self.tenant.clock
            await clock.wait_until(clock.later(clock.now(), fault.delay_seconds))

    def for_endpoint(self, endpoint: str, via: Via) -> Handshake:
        """The same handshake for another endpoint or ``via``."""
        return replace(self, call=replace(self.call, endpoint=endpoint_of(endpoint), via=via))


def read_handshake(request: Request, endpoint: str, via: Via, app: str = "") -> Handshake:
    """Authorize an upgrade by key or ``fal_jwt_token``; raises 401 and 403.

    ``app`` is the app that the token must be for, if it is not the endpoint. The input of the call
    is the query, without credentials.

    Source: client, inferred (docs/reference/realtime.md#realtime-sessions).
    """
    endpoint_id = endpoint_of(endpoint)
    authorized_app = endpoint_of(app) if app else endpoint_id
    request.tenant = granted_tenant(request, authorized_app)
    tenant = tenant_of(request, authorized_app)
    call = read_call(request, endpoint_id, via)
    query: Mapping[str, str] = request.parameters() if request.address.query else {}
    input_ = {name: text for name, text in query.items() if not is_secret_parameter(name)}
    headers = {
        name: value
        for name, value in call.headers.items()
        if not name.startswith(_UPGRADE_HEADERS)  # Sec-WebSocket-Key differs for each connection
    }
    call = replace(
        call,
        input=input_,
        method="POST",
        headers=headers,
        fingerprint=b"",
        validation_errors=(),
    )
    return Handshake(request, tenant, call)


class FalSocket(ABC):
    """An open socket; subclasses handle its messages."""

    def __init__(self, handshake: Handshake) -> None:
        self.request = handshake.request
        self.tenant = handshake.tenant
        self.call = handshake.call
        self.clock: Clock = handshake.tenant.clock
        self.changed = Signal()
        self.is_over = False
        self._fault = handshake.fault
        self._stopped = Signal()

    def session(self) -> WebSocketSession:
        """The session for the HTTP server to run."""
        sockets = self.tenant.sockets
        return WebSocketSession(
            self.on_message, self.run, lambda how: sockets.record_close(self.call, how)
        )

    @abstractmethod
    async def on_message(self, frame: bytes | str) -> None:
        """Handle a message from the caller."""

    @abstractmethod
    async def serve(self, send: Send) -> Cut:
        """Send until the session ends, and return how to end the connection."""

    def stop(self) -> None:
        """End the session because its tenant was reset: the caller should reconnect."""
        self.is_over = True
        self.changed.set()
        self._stopped.set()

    async def run(self, send: Send) -> Cut:
        """Serve the session, after applying any fault of the handshake."""
        sockets = self.tenant.sockets
        sockets.admit(self.stop, self.call, self._fault)
        try:
            fault = self._fault
            if fault is not None and (fault.outcome is not None or fault.cut is not None):
                return await self._end_by_fault(fault, send)
            return await self._after_stall(await self.serve(send))
        finally:
            sockets.release(self.stop)

    async def _end_by_fault(self, fault: Fault, send: Send) -> Cut:
        if fault.outcome is None:
            return await self.break_connection(fault)
        rejection = fault.outcome
        await send(denied_message(rejection.status, error_reason(rejection.body)))
        return CLOSE_NORMAL if fault.cut is None else await self.break_connection(fault)

    async def break_connection(self, fault: Fault) -> Cut:
        """Wait out the stall of a fault, and return how to end the connection."""
        return await self._after_stall(fault.cut or Cut("close", "before"))

    async def _after_stall(self, cut: Cut) -> Cut:
        if cut.kind == "stall":
            await self.wait(cut.stall_seconds)
        return CLOSE_GOING_AWAY if self.is_over else cut

    async def wait(self, seconds: float) -> None:
        """Wait on the clock, or until the session is stopped."""
        due = math.inf if seconds == math.inf else self.clock.later(self.clock.now(), seconds)
        while self.clock.now() < due and not self.is_over:
            await self.clock.wait_until(due, self._stopped)

    async def wait_until(self, due: float) -> None:
        """Wait until an instant of the clock, or until the session is stopped."""
        while self.clock.now() < due and not self.is_over:
            await self.clock.wait_until(due, self._stopped)

    def note(self, text: str) -> None:
        """Journal a warning that the caller cannot see."""
        self.tenant.record("lint", 200, text, self.call)
