"""What all WebSockets share: how they are opened, and what goes wrong with them."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace

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
from fakefal.protocol.core.headers import CREDENTIAL_PARAMETERS
from fakefal.protocol.errors.fault import Cut, Fault
from fakefal.protocol.websocket.realtime import GOING_AWAY, NORMAL, denied_message, error_reason

_UPGRADE_HEADERS = ("sec-websocket-", "upgrade", "connection")

CLOSE_NORMAL = Cut("close", "end", close_code=NORMAL)
CLOSE_GOING_AWAY = Cut("close", "end", close_code=GOING_AWAY)


def is_upgrade(request: Request) -> bool:
    """Whether a GET asks for a WebSocket."""
    return request.headers.get("Upgrade", "").lower() == "websocket"


@dataclass(slots=True)
class Handshake:
    """A handshake that is let through: whose it is, the call that it asks for, its trouble."""

    request: Request
    tenant: Tenant
    call: Call
    fault: Fault | None = None

    async def accept(self) -> None:
        """Meet what is in the way of the socket; raises Interrupted where it does not open."""
        self.fault = fault = self.tenant.sockets.check_handshake(self.call)
        if fault is not None and fault.delay_seconds:
            clock = self.tenant.clock
            await clock.wait_until(clock.later(clock.now(), fault.delay_seconds))

    def for_endpoint(self, endpoint: str, via: Via) -> Handshake:
        """The same handshake, taken for another endpoint or way."""
        return replace(self, call=replace(self.call, endpoint=endpoint_of(endpoint), via=via))


def read_handshake(request: Request, endpoint: str, via: Via, app: str = "") -> Handshake:
    """Who asks for a socket, by the key or a ``fal_jwt_token``; raises the 401 and 403 of others.

    ``app`` is what the token must be for, if it is not the endpoint itself. The call's input are
    the query parameters, without secrets. Source: client, inferred (protocol.md section 11.1).
    """
    endpoint_id = endpoint_of(endpoint)
    authorized_app = endpoint_of(app) if app else endpoint_id
    request.tenant = granted_tenant(request, authorized_app)
    tenant = tenant_of(request, authorized_app)
    call = read_call(request, endpoint_id, via)
    query: Mapping[str, str] = request.parameters() if request.address.query else {}
    input_ = {name: text for name, text in query.items() if name not in CREDENTIAL_PARAMETERS}
    headers = {
        name: value
        for name, value in call.headers.items()
        if not name.startswith(_UPGRADE_HEADERS)  # with the random key of each connection
    }
    call = replace(call, input=input_, method="POST", headers=headers, fingerprint=b"", flaws=())
    return Handshake(request, tenant, call)


class FalSocket(ABC):
    """One open socket. A subclass says what is heard and answered."""

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
        """The socket as the door carries it."""
        sockets = self.tenant.sockets
        return WebSocketSession(
            self.on_message, self.run, lambda how: sockets.record_close(self.call, how)
        )

    @abstractmethod
    async def on_message(self, frame: bytes | str) -> None:
        """Take a message of the caller."""

    @abstractmethod
    async def serve(self, send: Send) -> Cut:
        """Answer until the end; how it ends."""

    def stop(self) -> None:
        """Another tenant took the place of this one: the caller is to connect anew."""
        self.is_over = True
        self.changed.set()
        self._stopped.set()

    async def run(self, send: Send) -> Cut:
        """Answer until the end, with what befalls a socket right after its opening."""
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
        """How the connection breaks, once the silence before it is over."""
        return await self._after_stall(fault.cut or Cut("close", "before"))

    async def _after_stall(self, cut: Cut) -> Cut:
        if cut.kind == "stall":
            await self.wait(cut.stall_seconds)
        return CLOSE_GOING_AWAY if self.is_over else cut

    async def wait(self, seconds: float) -> None:
        """Let time pass, unless the session is ended."""
        due = math.inf if seconds == math.inf else self.clock.later(self.clock.now(), seconds)
        while self.clock.now() < due and not self.is_over:
            await self.clock.wait_until(due, self._stopped)

    async def wait_until(self, due: float) -> None:
        """Let time pass up to an instant, unless the session is ended."""
        while self.clock.now() < due and not self.is_over:
            await self.clock.wait_until(due, self._stopped)

    def note(self, text: str) -> None:
        """Say in the journal what a caller would not learn."""
        self.tenant.record("lint", 200, text, self.call)
