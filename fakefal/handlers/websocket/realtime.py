"""fal.run: realtime sockets, each of whose inputs is a call of its own."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

from fakefal.engine.calls.resolver import Answer as Answered
from fakefal.engine.sockets.sockets import seconds_of
from fakefal.handlers.fault_response import edited
from fakefal.handlers.http import Request, Send, linked
from fakefal.handlers.websocket.sockets import GONE, REGULAR, Opening, Session
from fakefal.protocol.core.call import Call, Json, Outcome
from fakefal.protocol.core.json_codec import decode, encode
from fakefal.protocol.errors.errors import WireError
from fakefal.protocol.errors.fault import Cut, Interrupted, Trouble
from fakefal.protocol.websocket.realtime import (
    GARBAGE,
    MAX_BUFFERING,
    MIN_BUFFERING,
    TEXT_REASON,
    TIMEOUT,
    FrameError,
    decode_input,
    encode_output,
    internal_error,
    reason_of,
    timings,
)

_WAITING = 100_000
_WAITING_BYTES = 64_000_000
"""How much may wait where nobody sets a bound, as the SDK has none; the oldest is dropped then."""


_COLLECTED = 1_000
"""How many inputs a client-streaming app is given at most."""


@dataclass(slots=True)
class _Answered:
    """What an input comes to: frames to send, or the reason of a failure."""

    answer: Answered | None = None
    reason: str = ""
    trouble: Trouble | None = None


class Realtime(Session):
    """One socket. Inputs are answered one after the other; those that come meanwhile wait.

    At most ``bound`` wait: then the oldest is dropped. Source: SDK (protocol.md section 11.1).
    """

    def __init__(self, opened: Opening) -> None:
        super().__init__(opened)
        self._way = self.tenant.sockets.way(self.call)
        self._idle_seconds = self.tenant.sockets.idle_seconds(self._way)
        self._bound = _buffering(self.request) or self._way.buffering or _WAITING
        self._inputs: deque[bytes | str] = deque()
        self._collected: list[Json] = []
        self._size = 0
        self._heard_at = self.clock.told()
        self._is_idle = False

    async def hear(self, frame: bytes | str) -> None:
        """Take a message; a text is no input (protocol.md section 16 row 34).

        Returns once it is being answered, if nothing else is: so what can be answered at once is
        never dropped.
        """
        if isinstance(frame, str) and self.tenant.terms.switches.realtime_text == "ignore":
            self.note("a text frame was ignored: inputs are msgpack in binary frames")
            return
        self._heard_at = self.clock.told()
        self._inputs.append(frame)
        self._size += len(frame)
        while len(self._inputs) > 1 and (
            len(self._inputs) > self._bound or self._size > _WAITING_BYTES
        ):
            self._size -= len(self._inputs.popleft())
            self.note("the oldest input was dropped: too many, or too long ones, were waiting")
        self.stirred.set()
        await self.clock.turn()
        while self._is_idle and self._inputs:
            await self.clock.turn()

    async def converse(self, send: Send) -> Cut:
        """Answer until the session ends; how it does."""
        while not self.is_over:
            if not self._inputs:
                due = self.clock.later(self._heard_at, self._idle_seconds)
                if self.clock.told() < due:
                    self._is_idle = True
                    await self.clock.wait_told(due, self.stirred)
                    self._is_idle = False
                    continue
                return await self._finish(send)
            end = await self._take(send)
            if end is not None:
                return end
        return GONE

    async def _finish(self, send: Send) -> Cut:
        """No input came for long: the regular end."""
        if self._collected:
            inputs: Json = {"inputs": self._collected}
            self._collected = []
            end = await self._answer(inputs, send)
            if end is not None:
                return end
        await send(TIMEOUT)
        return REGULAR

    async def _take(self, send: Send) -> Cut | None:
        """Take what waits next, as much of it as the app takes at once."""
        try:
            taken = self._next()
            for _ in range(min(self._way.batch - 1, len(self._inputs))):
                self.note("an input went into a batch with the next one")
                taken = self._next()
        except FrameError as error:
            self.tenant.refused("", 400, f"realtime: {error}")
            await send(internal_error(str(error)))
            return REGULAR
        if self._way.mode == "client-streaming":
            self._collected.append(taken)
            if len(self._collected) > _COLLECTED:
                self._collected.pop(0)
                self.note(f"an input was dropped: more than {_COLLECTED} were collected")
            self.tenant.note("message", 200, "collected", replace(self.call, input=taken))
            return None
        end = await self._answer(taken, send)
        if end is None and self._way.mode == "server-streaming":
            await send(TIMEOUT)
            return REGULAR
        return end

    def _next(self) -> Json:
        frame = self._inputs.popleft()
        self._size -= len(frame)
        if isinstance(frame, str):
            raise FrameError(TEXT_REASON)
        return decode_input(frame)

    async def _answer(self, given: Json, send: Send) -> Cut | None:
        """Answer an input; None if the session goes on."""
        call = replace(self.call, input=given)
        found = await self._asked(given)
        trouble, answer = found.trouble, found.answer
        if trouble is not None:
            if trouble.delay_seconds:
                await self.wait(trouble.delay_seconds)
            if trouble.is_unanswered:
                return None
            if trouble.raw is not None:
                await send(GARBAGE)
                return None
            if trouble.cut is not None and trouble.cut.where != "end":
                return await self.broken(trouble)
            if trouble.refusal is not None:
                answer, found.reason = None, reason_of(trouble.refusal.body)
        if answer is None:
            await send(internal_error(found.reason))
            return REGULAR if trouble is None or trouble.cut is None else await self.broken(trouble)
        dialogue = self.tenant.sockets.dialogue(call, answer)
        if dialogue is not None:
            end = await dialogue.reply(given, send)
        else:
            end = await self._outputs(call, answer, trouble, send)
        if end is None and trouble is not None and trouble.cut is not None:
            end = await self.broken(trouble)
        if end is None and answer.plan.ends_session:
            await send(TIMEOUT)
            return REGULAR
        return end

    async def _asked(self, given: Json) -> _Answered:
        """What an input comes to."""
        try:
            answer = await self.tenant.run(replace(self.call, input=given))
        except WireError as error:
            return _Answered(None, reason_of(error.body), error.trouble)
        except Interrupted as interrupted:
            return _Answered(None, "", interrupted.trouble)
        outcome = answer.ending.outcome
        if outcome.is_success:
            return _Answered(answer, "", answer.trouble)
        return _Answered(None, reason_of(outcome.body), answer.trouble)

    async def _outputs(
        self, call: Call, answer: Answered, trouble: Trouble | None, send: Send
    ) -> Cut | None:
        """Send the outputs of an input at their pace, and how long they took."""
        pacing = answer.plan.pacing
        stall_at, stall_seconds = pacing.stalled or (-1, 0.0)
        left = None if pacing.cut is None else pacing.cut.events
        due = self.clock.later(self.clock.now(), pacing.first_seconds)
        try:
            for number, output in enumerate(self.tenant.sockets.outputs(call, answer)):
                if left is not None and number >= left:
                    break
                if number == stall_at:
                    due = self.clock.later(max(due, self.clock.now()), stall_seconds)
                await self.wait_until(due)
                if self.is_over:
                    return GONE
                await send(self._frame(output, answer.ending.outcome, trouble))
                due = self.clock.later(due, pacing.every_seconds)
        except (FrameError, WireError) as error:
            reason = str(error) if isinstance(error, FrameError) else reason_of(error.body)
            await send(internal_error(reason))
            return REGULAR
        if pacing.cut is not None:
            return await self._cut(pacing.cut, send)
        if self._way.timings or answer.plan.timing_seconds is not None:
            await send(timings(seconds_of(answer)))
        return None

    async def _cut(self, cut: Cut, send: Send) -> Cut:
        """The outputs end before their time."""
        if cut.how == "garbage":
            await send(GARBAGE)
        return await self.broken(Trouble("", cut=cut))

    def _frame(self, output: Json, outcome: Outcome, trouble: Trouble | None) -> bytes:
        """An output as it is sent, spoilt as its trouble says."""
        if trouble is not None and trouble.body is not None:
            return trouble.body
        output = self._reachable(output, outcome)
        if trouble is not None and isinstance(output, dict):
            output = edited(output, trouble)
        frame = encode_output(output)
        if trouble is not None and trouble.kept is not None:
            return frame[: int(len(frame) * trouble.kept)]
        return frame

    def _reachable(self, output: Json, outcome: Outcome) -> Json:
        """An output whose links to files lead this caller to them."""
        if not outcome.links:
            return output
        payload = outcome.payload if output is outcome.body else encode(output)
        return decode(linked(self.request, payload, outcome.links))


def _buffering(request: Request) -> int:
    """How many inputs may wait; 0 for a bound that the clients would not send."""
    asked = request.parameter("max_buffering") or ""
    if asked.isascii() and asked.isdigit() and MIN_BUFFERING <= int(asked[:9]) <= MAX_BUFFERING:
        return int(asked)
    return 0
