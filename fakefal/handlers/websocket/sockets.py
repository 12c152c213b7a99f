"""What all WebSockets share: how they are opened, and what goes wrong with them."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace

from fakefal.engine.core.clock import Clock, Signal
from fakefal.engine.tenant import Tenant
from fakefal.handlers.http import (
    Conversation,
    Request,
    Send,
    endpoint_of,
    granted_tenant,
    read_call,
    tenant_of,
)
from fakefal.protocol.core.call import Call, Via
from fakefal.protocol.core.headers import CREDENTIAL_PARAMETERS
from fakefal.protocol.errors.fault import Cut, Trouble
from fakefal.protocol.websocket.realtime import GOING_AWAY, NORMAL, denied, reason_of

_OF_THE_UPGRADE = ("sec-websocket-", "upgrade", "connection")

REGULAR = Cut("close", "end", code=NORMAL)
GONE = Cut("close", "end", code=GOING_AWAY)


def is_upgrade(request: Request) -> bool:
    """Whether a GET asks for a WebSocket."""
    return request.headers.get("Upgrade", "").lower() == "websocket"


@dataclass(slots=True)
class Opening:
    """A handshake that is let through: whose it is, the call that it asks for, its trouble."""

    request: Request
    tenant: Tenant
    call: Call
    trouble: Trouble | None = None

    async def enter(self) -> None:
        """Meet what is in the way of the socket; raises Interrupted where it does not open."""
        self.trouble = trouble = self.tenant.sockets.knock(self.call)
        if trouble is not None and trouble.delay_seconds:
            clock = self.tenant.clock
            await clock.wait_until(clock.later(clock.now(), trouble.delay_seconds))

    def asking(self, endpoint: str, via: Via) -> Opening:
        """The same handshake, taken for another endpoint or way."""
        return replace(self, call=replace(self.call, endpoint=endpoint_of(endpoint), via=via))


def opening(request: Request, endpoint: str, via: Via, app: str = "") -> Opening:
    """Who asks for a socket, by the key or a ``fal_jwt_token``; raises the 401 and 403 of others.

    ``app`` is what the token must be for, if it is not the endpoint itself. The call's input are
    the query parameters, without secrets. Source: client, inferred (protocol.md section 11.1).
    """
    found = endpoint_of(endpoint)
    owner = endpoint_of(app) if app else found
    request.tenant = granted_tenant(request, owner)
    tenant = tenant_of(request, owner)
    call = read_call(request, found, via)
    asked: Mapping[str, str] = request.parameters() if request.address.query else {}
    given = {name: text for name, text in asked.items() if name not in CREDENTIAL_PARAMETERS}
    headers = {
        name: value
        for name, value in call.headers.items()
        if not name.startswith(_OF_THE_UPGRADE)  # with the random key of each connection
    }
    call = replace(call, input=given, method="POST", headers=headers, fingerprint=b"", flaws=())
    return Opening(request, tenant, call)


class Session(ABC):
    """One open socket. A subclass says what is heard and answered."""

    def __init__(self, opened: Opening) -> None:
        self.request = opened.request
        self.tenant = opened.tenant
        self.call = opened.call
        self.clock: Clock = opened.tenant.clock
        self.stirred = Signal()
        self.is_over = False
        self._trouble = opened.trouble
        self._stopped = Signal()

    def conversation(self) -> Conversation:
        """The socket as the door carries it."""
        sockets = self.tenant.sockets
        return Conversation(self.hear, self.talk, lambda how: sockets.closed(self.call, how))

    @abstractmethod
    async def hear(self, frame: bytes | str) -> None:
        """Take a message of the caller."""

    @abstractmethod
    async def converse(self, send: Send) -> Cut:
        """Answer until the end; how it ends."""

    def end(self) -> None:
        """Another tenant took the place of this one: the caller is to connect anew."""
        self.is_over = True
        self.stirred.set()
        self._stopped.set()

    async def talk(self, send: Send) -> Cut:
        """Answer until the end, with what befalls a socket right after its opening."""
        sockets = self.tenant.sockets
        sockets.admit(self.end, self.call, self._trouble)
        try:
            trouble = self._trouble
            if trouble is not None and (trouble.refusal is not None or trouble.cut is not None):
                return await self._spoilt(trouble, send)
            return await self._stalled(await self.converse(send))
        finally:
            sockets.release(self.end)

    async def _spoilt(self, trouble: Trouble, send: Send) -> Cut:
        if trouble.refusal is None:
            return await self.broken(trouble)
        refusal = trouble.refusal
        await send(denied(refusal.status, reason_of(refusal.body)))
        return REGULAR if trouble.cut is None else await self.broken(trouble)

    async def broken(self, trouble: Trouble) -> Cut:
        """How the connection breaks, once the silence before it is over."""
        return await self._stalled(trouble.cut or Cut("close", "before"))

    async def _stalled(self, cut: Cut) -> Cut:
        if cut.how == "stall":
            await self.wait(cut.seconds)
        return GONE if self.is_over else cut

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
        self.tenant.note("lint", 200, text, self.call)
