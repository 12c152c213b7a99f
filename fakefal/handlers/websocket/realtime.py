"""fal.run: realtime sessions, in which each input is a call."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

from fakefal.engine.calls.resolver import Resolution
from fakefal.engine.sockets.sockets import seconds_of
from fakefal.handlers.fault_response import edit_fields
from fakefal.handlers.http import Request, Send, with_public_urls
from fakefal.handlers.websocket.sockets import CLOSE_GOING_AWAY, CLOSE_NORMAL, FalSocket, Handshake
from fakefal.protocol.core.call import Call, Json, Outcome
from fakefal.protocol.core.json_codec import decode, encode
from fakefal.protocol.errors.errors import ApiError
from fakefal.protocol.errors.fault import Cut, Fault, FaultAbort
from fakefal.protocol.websocket.realtime import (
    GARBAGE_FRAME,
    MAX_BUFFERING,
    MIN_BUFFERING,
    TEXT_FRAME_REASON,
    TIMEOUT_MESSAGE,
    FrameError,
    decode_input,
    encode_output,
    error_reason,
    internal_error_message,
    sends_image_bytes,
    timings_message,
    with_image_bytes,
)

_MAX_WAITING = 100_000
_MAX_WAITING_BYTES = 64_000_000
"""Default bounds of waiting inputs, as the SDK has none; beyond them the oldest is dropped."""

_MAX_COLLECTED = 1_000
"""The most inputs that a client-streaming app receives."""


@dataclass(slots=True)
class _InputResult:
    """The result of an input: a resolution to send, or the reason of a failure."""

    resolution: Resolution | None = None
    reason: str = ""
    fault: Fault | None = None


class RealtimeSocket(FalSocket):
    """A session that processes its inputs one after the other; later ones wait.

    At most ``max_buffering`` inputs wait: then the oldest is dropped.

    Source: client (docs/reference/realtime.md#realtime-sessions).
    """

    def __init__(self, handshake: Handshake) -> None:
        super().__init__(handshake)
        self._config = self.tenant.sockets.realtime_app(self.call)
        self._idle_seconds = self.tenant.sockets.idle_seconds(self._config)
        self._max_waiting = (
            _read_max_buffering(self.request) or self._config.buffering or _MAX_WAITING
        )
        self._inputs: deque[bytes | str] = deque()
        self._collected: list[Json] = []
        self._waiting_bytes = 0
        self._last_input_at = self.clock.advanced_time()
        self._is_idle = False

    async def on_message(self, frame: bytes | str) -> None:
        """Queue an input; a text frame is an error, or ignored by ``realtime_text: ignore``.

        On an idle session it returns once the input is being processed, so that an input that can
        be processed immediately is never dropped.

        Source: inferred (docs/reference/open-questions.md#realtime-text-frames).
        """
        if isinstance(frame, str) and self.tenant.settings.flags.realtime_text == "ignore":
            self.note("a text frame was ignored: inputs are msgpack in binary frames")
            return
        self._last_input_at = self.clock.advanced_time()
        self._inputs.append(frame)
        self._waiting_bytes += len(frame)
        while len(self._inputs) > 1 and (
            len(self._inputs) > self._max_waiting or self._waiting_bytes > _MAX_WAITING_BYTES
        ):
            self._waiting_bytes -= len(self._inputs.popleft())
            self.note("the oldest input was dropped: too many inputs or bytes were waiting")
        self.changed.set()
        await self.clock.yield_to_loop()
        while self._is_idle and self._inputs:
            await self.clock.yield_to_loop()

    async def serve(self, send: Send) -> Cut:
        """Process inputs until the session ends, and return how to end it."""
        while not self.is_over:
            if not self._inputs:
                due = self.clock.later(self._last_input_at, self._idle_seconds)
                if self.clock.advanced_time() < due:
                    self._is_idle = True
                    await self.clock.wait_until_advanced(due, self.changed)
                    self._is_idle = False
                    continue
                return await self._finish(send)
            end = await self._process_next(send)
            if end is not None:
                return end
        return CLOSE_GOING_AWAY

    async def _finish(self, send: Send) -> Cut:
        """End the session after its idle timeout; collected inputs are processed first."""
        if self._collected:
            inputs: Json = {"inputs": self._collected}
            self._collected = []
            end = await self._reply(inputs, send)
            if end is not None:
                return end
        await send(TIMEOUT_MESSAGE)
        return CLOSE_NORMAL

    async def _process_next(self, send: Send) -> Cut | None:
        """Process the next input; of a batch only the last input is processed."""
        try:
            message = self._pop_input()
            for _ in range(min(self._config.batch - 1, len(self._inputs))):
                self.note("an input was batched with the next one")
                message = self._pop_input()
        except FrameError as error:
            self.tenant.record_rejection("", 400, f"realtime: {error}")
            await send(internal_error_message(str(error)))
            return CLOSE_NORMAL
        if self._config.mode == "client-streaming":
            self._collected.append(message)
            if len(self._collected) > _MAX_COLLECTED:
                self._collected.pop(0)
                self.note(f"an input was dropped: more than {_MAX_COLLECTED} were collected")
            self.tenant.record("message", 200, "collected", replace(self.call, input=message))
            return None
        end = await self._reply(message, send)
        if end is None and self._config.mode == "server-streaming":
            await send(TIMEOUT_MESSAGE)
            return CLOSE_NORMAL
        return end

    def _pop_input(self) -> Json:
        frame = self._inputs.popleft()
        self._waiting_bytes -= len(frame)
        if isinstance(frame, str):
            raise FrameError(TEXT_FRAME_REASON)
        return decode_input(frame)

    async def _reply(self, message: Json, send: Send) -> Cut | None:
        """Reply to an input; None if the session continues."""
        call = replace(self.call, input=message)
        result = await self._run(message)
        fault, resolution = result.fault, result.resolution
        if fault is not None:
            if fault.delay_seconds:
                await self.wait(fault.delay_seconds)
            if fault.is_unanswered:
                return None
            if fault.raw_response is not None:
                await send(GARBAGE_FRAME)
                return None
            if fault.cut is not None and fault.cut.point != "end":
                return await self.break_connection(fault)
            if fault.outcome is not None:
                resolution, result.reason = None, error_reason(fault.outcome.body)
        if resolution is None:
            await send(internal_error_message(result.reason))
            return (
                CLOSE_NORMAL
                if fault is None or fault.cut is None
                else await self.break_connection(fault)
            )
        runner = self.tenant.sockets.script_runner(call, resolution)
        if runner is not None:
            end = await runner.reply(message, send)
        else:
            end = await self._send_outputs(call, resolution, fault, send)
        if end is None and fault is not None and fault.cut is not None:
            end = await self.break_connection(fault)
        if end is None and resolution.reply.ends_session:
            await send(TIMEOUT_MESSAGE)
            return CLOSE_NORMAL
        return end

    async def _run(self, message: Json) -> _InputResult:
        """Run an input as a call; errors and faults become part of the result."""
        try:
            resolution = await self.tenant.run(replace(self.call, input=message))
        except ApiError as error:
            return _InputResult(None, error_reason(error.body), error.fault)
        except FaultAbort as abort:
            return _InputResult(None, "", abort.fault)
        outcome = resolution.rendered.outcome
        if outcome.is_success:
            return _InputResult(resolution, "", resolution.fault)
        return _InputResult(None, error_reason(outcome.body), resolution.fault)

    async def _send_outputs(
        self, call: Call, resolution: Resolution, fault: Fault | None, send: Send
    ) -> Cut | None:
        """Send the outputs of an input at their pace, then the timings if they are enabled."""
        pacing = resolution.reply.pacing
        stall_at, stall_seconds = pacing.stall or (-1, 0.0)
        max_outputs = None if pacing.cut is None else pacing.cut.event_count
        due = self.clock.later(self.clock.now(), pacing.first_seconds)
        try:
            for number, output in enumerate(self.tenant.sockets.outputs(call, resolution)):
                if max_outputs is not None and number >= max_outputs:
                    break
                if number == stall_at:
                    due = self.clock.later(max(due, self.clock.now()), stall_seconds)
                await self.wait_until(due)
                if self.is_over:
                    return CLOSE_GOING_AWAY
                await send(self._encode_frame(output, resolution.rendered.outcome, fault))
                due = self.clock.later(due, pacing.every_seconds)
        except (FrameError, ApiError) as error:
            reason = str(error) if isinstance(error, FrameError) else error_reason(error.body)
            await send(internal_error_message(reason))
            return CLOSE_NORMAL
        if pacing.cut is not None:
            return await self._cut_off(pacing.cut, send)
        if self._config.timings or resolution.reply.timing_seconds is not None:
            await send(timings_message(seconds_of(resolution)))
        return None

    async def _cut_off(self, cut: Cut, send: Send) -> Cut:
        """End the connection in the middle of the outputs."""
        if cut.kind == "garbage":
            await send(GARBAGE_FRAME)
        return await self.break_connection(Fault("", cut=cut))

    def _encode_frame(self, output: Json, outcome: Outcome, fault: Fault | None) -> bytes:
        """An output as a frame, with its fault applied."""
        if fault is not None and fault.body is not None:
            return fault.body
        output = self._with_public_urls(output, outcome)
        if fault is not None and isinstance(output, dict):
            output = edit_fields(output, fault)
        if sends_image_bytes(self.call.endpoint.text):
            output = with_image_bytes(output)
        frame = encode_output(output)
        if fault is not None and fault.body_share is not None:
            return frame[: int(len(frame) * fault.body_share)]
        return frame

    def _with_public_urls(self, output: Json, outcome: Outcome) -> Json:
        """An output with file URLs that this caller can reach."""
        if not outcome.file_urls:
            return output
        payload = outcome.payload if output is outcome.body else encode(output)
        return decode(with_public_urls(self.request, payload, outcome.file_urls))


def _read_max_buffering(request: Request) -> int:
    """The ``max_buffering`` of the query; 0 if it is missing or out of the clients' range."""
    text = request.parameter("max_buffering") or ""
    if text.isascii() and text.isdigit() and MIN_BUFFERING <= int(text[:9]) <= MAX_BUFFERING:
        return int(text)
    return 0
