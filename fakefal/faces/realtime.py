"""fal.run: realtime sockets, each of whose inputs is a call of its own."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import replace

from fakefal.engine.clock import Signal
from fakefal.engine.tenant import Tenant
from fakefal.faces import run
from fakefal.faces.http import (
    Answer,
    Conversation,
    Request,
    Send,
    endpoint_of,
    granted_tenant,
    linked,
    read_call,
    tenant_of,
)
from fakefal.protocol.call import Call, Json, Outcome
from fakefal.protocol.errors import WireError
from fakefal.protocol.realtime import (
    GOING_AWAY,
    IDLE_SECONDS,
    MAX_BUFFERING,
    MIN_BUFFERING,
    NORMAL,
    TEXT_REASON,
    TIMEOUT,
    FrameError,
    decode_input,
    encode_output,
    internal_error,
    reason_of,
)
from fakefal.protocol.texts import decode
from fakefal.protocol.trouble import Cut, Interrupted, Trouble

_WAITING = 1_000
_WAITING_BYTES = 64_000_000
"""How much may wait where the caller sets no bound; the oldest is dropped then too."""

_OF_THE_UPGRADE = ("sec-websocket-", "upgrade", "connection")


async def connect(request: Request, parts: Mapping[str, str]) -> Answer:
    """``GET /{endpoint}/realtime``: a socket, by the key or a ``fal_jwt_token``.

    Whoever may not call the app is refused before the upgrade; a GET that asks for none gets what
    any GET gets. Source: client, inferred (protocol.md section 11.1).
    """
    if request.headers.get("Upgrade", "").lower() != "websocket":
        return await run.get(request, parts)
    endpoint = endpoint_of(parts["endpoint"])
    request.tenant = granted_tenant(request, endpoint)
    tenant = tenant_of(request, endpoint)
    call = read_call(request, endpoint, "realtime")
    headers = {
        name: value
        for name, value in call.headers.items()
        if not name.startswith(_OF_THE_UPGRADE)  # with the random key of each connection
    }
    call = replace(call, method="POST", headers=headers, fingerprint=b"", flaws=())
    session = Session(request, tenant, call, _buffering(request))
    return Conversation(session.hear, session.talk)


class Session:
    """One socket. Inputs are answered one after the other; those that come meanwhile wait.

    At most ``bound`` wait: then the oldest is dropped. Source: SDK (protocol.md section 11.1).
    """

    def __init__(self, request: Request, tenant: Tenant, call: Call, bound: int) -> None:
        self._request = request
        self._tenant = tenant
        self._clock = tenant.clock
        self._call = call
        self._bound = bound
        self._inputs: deque[bytes | str] = deque()
        self._size = 0
        self._heard_at = tenant.clock.told()
        self._stirred = Signal()
        self._is_over = False
        self._is_idle = False

    async def hear(self, frame: bytes | str) -> None:
        """Take a message; a text is no input (protocol.md section 16 row 34).

        Returns once it is being answered, if nothing else is: so what can be answered at once is
        never dropped.
        """
        if isinstance(frame, str) and self._tenant.terms.switches.realtime_text == "ignore":
            self._note("a text frame was ignored: inputs are msgpack in binary frames")
            return
        self._heard_at = self._clock.told()
        self._inputs.append(frame)
        self._size += len(frame)
        while len(self._inputs) > 1 and (
            len(self._inputs) > self._bound or self._size > _WAITING_BYTES
        ):
            self._size -= len(self._inputs.popleft())
            self._note("the oldest input was dropped: too many, or too long ones, were waiting")
        self._stirred.set()
        await self._clock.turn()
        while self._is_idle and self._inputs:
            await self._clock.turn()

    def end(self) -> None:
        """Another tenant took the place of this one: the caller is to connect anew."""
        self._is_over = True
        self._stirred.set()

    async def talk(self, send: Send) -> int | Cut:
        """Answer until the session ends; the close code, or how the connection breaks."""
        self._tenant.sessions.add(self.end)
        try:
            while True:
                if self._is_over:
                    return GOING_AWAY
                if not self._inputs:
                    due = self._clock.later(self._heard_at, IDLE_SECONDS)
                    if self._clock.told() < due:
                        self._is_idle = True
                        await self._clock.wait_told(due, self._stirred)
                        self._is_idle = False
                        continue
                    await send(TIMEOUT)
                    return NORMAL
                frame = self._inputs.popleft()
                self._size -= len(frame)
                end = await self._answer(frame, send)
                if end is not None:
                    return end
        finally:
            self._tenant.sessions.discard(self.end)

    async def _answer(self, frame: bytes | str, send: Send) -> int | Cut | None:
        """Answer an input; None if the session goes on."""
        trouble: Trouble | None = None
        body: Json = None
        try:
            call = replace(self._call, input=_input(frame))
            answer = await self._tenant.run(call)
            trouble, outcome = answer.trouble, answer.ending.outcome
            if outcome.is_success:
                message: bytes | str = encode_output(self._reachable(outcome))
            else:
                message, body = "", outcome.body
        except FrameError as error:
            self._tenant.refused("", 400, f"realtime: {error}")
            message, body = "", str(error)
        except WireError as error:
            message, body, trouble = "", error.body, error.trouble
        except Interrupted as interrupted:
            message, trouble = "", interrupted.trouble
        if trouble is not None:
            if trouble.delay_seconds:
                await self._wait(trouble.delay_seconds)
            if trouble.raw is not None or (trouble.cut is not None and trouble.cut.where != "end"):
                return await self._broken(trouble)
            if trouble.refusal is not None:
                message, body = "", trouble.refusal.body
        await send(message or internal_error(reason_of(body)))
        if trouble is not None and trouble.cut is not None:
            return await self._broken(trouble)
        return None if message else NORMAL

    async def _broken(self, trouble: Trouble) -> Cut:
        """How the connection breaks, once the silence before it is over."""
        cut = trouble.cut or Cut("close", "before")
        if cut.how == "stall":
            await self._wait(cut.seconds)
        return cut

    async def _wait(self, seconds: float) -> None:
        await self._clock.wait_until(self._clock.later(self._clock.now(), seconds))

    def _reachable(self, outcome: Outcome) -> Json:
        """An output whose links to files lead this caller to them."""
        if not outcome.links:
            return outcome.body
        return decode(linked(self._request, outcome.payload, outcome.links))

    def _note(self, note: str) -> None:
        self._tenant.note("lint", 200, note, self._call)


def _input(frame: bytes | str) -> Json:
    if isinstance(frame, str):
        raise FrameError(TEXT_REASON)
    return decode_input(frame)


def _buffering(request: Request) -> int:
    """How many inputs may wait; a bound that the clients would not send is none."""
    asked = request.parameter("max_buffering") or ""
    if asked.isascii() and asked.isdigit() and MIN_BUFFERING <= int(asked[:9]) <= MAX_BUFFERING:
        return int(asked)
    return _WAITING
