"""Runs the script of a socket: sends its frames and answers the caller's messages."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from fakefal.engine.calls.resolver import Resolution
from fakefal.engine.core.clock import Clock, Signal
from fakefal.protocol.core.call import Call, Json
from fakefal.protocol.errors.fault import Cut
from fakefal.protocol.websocket.close_frames import CLOSE_REASON_BYTES
from fakefal.protocol.websocket.realtime import GOING_AWAY, INTERNAL_ERROR
from fakefal.scenario.compiled.socket_script import Frame, Rule, Script
from fakefal.scenario.render.outcome import template_variables
from fakefal.scenario.templates.templates import TemplateError

Send = Callable[[bytes | str], Awaitable[None]]
Note = Callable[[str], None]

_MAX_WAITING_MESSAGES = 1_000


class ScriptRunner:
    """One scripted socket: ``on_message`` queues each message, ``run`` runs the script.

    At a ``receive`` frame the next message that matches it continues the script. Any other message
    is answered by the first rule that matches. A message without a match is kept for a later
    ``receive`` during a ``wait`` frame; else it is ignored, and the journal says so.
    """

    def __init__(
        self,
        script: Script,
        call: Call,
        resolution: Resolution,
        seed: int,
        clock: Clock,
        note: Note,
    ) -> None:
        self._script = script
        self._call = call
        self._resolution = resolution
        self._seed = seed
        self._clock = clock
        self._note = note
        self._inbox: deque[Json] = deque()
        self._rule_uses: dict[Rule, int] = {}
        self._changed = Signal()
        self._is_over = False
        self.last: Json = call.input

    def on_message(self, message: Json) -> None:
        """Queue a message of the caller; if more than a thousand wait, the oldest is dropped."""
        self._inbox.append(message)
        if len(self._inbox) > _MAX_WAITING_MESSAGES:
            self._inbox.popleft()
            self._note(f"a message was dropped: more than {_MAX_WAITING_MESSAGES} were waiting")
        self._changed.set()

    def stop(self) -> None:
        """End the session because the tenant was replaced; the caller has to reconnect."""
        self._is_over = True
        self._changed.set()

    async def run(self, send: Send) -> Cut:
        """Run the script, then answer messages until the caller leaves; returns how to close.

        A frame that cannot be rendered for this call closes the socket with 1011
        (RFC 6455 section 7.4.1).
        """
        try:
            return await self._run(send)
        except TemplateError as error:
            return self._render_failure(error)

    async def _run(self, send: Send) -> Cut:
        for frame in self._script.frames:
            cut = await self._run_frame(frame, send)
            if cut is not None:
                return cut
        while not self._is_over:
            cut = await self._answer_inbox(send, keeps_unmatched=False)
            if cut is not None:
                return cut
            if not self._inbox:
                await self._clock.wait_until(math.inf, self._changed)
        return _TENANT_REPLACED

    async def reply(self, message: Json, send: Send) -> Cut | None:
        """Send the script as the reply to one input of a realtime session, without ``receive``."""
        self.last = message
        try:
            return await self._send_frames(self._script.frames, send)
        except TemplateError as error:
            return self._render_failure(error)

    def _render_failure(self, error: TemplateError) -> Cut:
        """Journal a template error; the close frame has as much of the text as fits."""
        location = self._resolution.location or self._resolution.label
        text = f"{error.message} at {'.'.join(map(str, error.path))} ({location})"
        self._note(f"fakefal could not render a frame: {text}")
        return Cut("close", "end", close_code=INTERNAL_ERROR, reason=_truncated(text))

    async def _send_frames(self, frames: tuple[Frame, ...], send: Send) -> Cut | None:
        """Send frames; messages that arrive meanwhile stay in the inbox."""
        for frame in frames:
            if frame.kind == "wait":
                await self._clock.wait_until(self._clock.later(self._clock.now(), frame.seconds))
            elif frame.kind != "receive":
                cut = await self._run_frame(frame, send)
                if cut is not None:
                    return cut
        return None

    async def _run_frame(self, frame: Frame, send: Send) -> Cut | None:
        if frame.kind == "wait":
            return await self._wait(frame.seconds, send)
        if frame.kind == "receive":
            return await self._receive(frame, send)
        if frame.kind == "close":
            return Cut("close", "end", close_code=frame.code, reason=frame.reason)
        if frame.kind in ("reset", "drop"):
            return Cut("reset" if frame.kind == "reset" else "close", "end")
        if frame.kind == "hang":
            return Cut("stall", "end")
        await send(frame.message(self._variables()))
        return None

    async def _wait(self, seconds: float, send: Send) -> Cut | None:
        """Wait; messages that match a rule are answered meanwhile."""
        due_at = self._clock.later(self._clock.now(), seconds)
        while self._clock.now() < due_at and not self._is_over:
            cut = await self._answer_inbox(send, keeps_unmatched=True)
            if cut is not None:
                return cut
            await self._clock.wait_until(due_at, self._changed)
        return _TENANT_REPLACED if self._is_over else None

    async def _receive(self, frame: Frame, send: Send) -> Cut | None:
        assert frame.matcher is not None
        while not self._is_over:
            while self._inbox:
                message = self._inbox.popleft()
                if frame.matcher.matches(message):
                    self.last = message
                    return None
                cut = await self._answer_message(message, send)
                if cut is not None:
                    return cut
            await self._clock.wait_until(math.inf, self._changed)
        return _TENANT_REPLACED

    async def _answer_inbox(self, send: Send, *, keeps_unmatched: bool) -> Cut | None:
        """Answer the queued messages; with ``keeps_unmatched`` those without a rule stay queued."""
        unmatched: list[Json] = []
        while self._inbox:
            message = self._inbox.popleft()
            if keeps_unmatched and self._rule_for(message) is None:
                unmatched.append(message)
            elif (cut := await self._answer_message(message, send)) is not None:
                return cut
        self._inbox.extendleft(reversed(unmatched))
        return None

    async def _answer_message(self, message: Json, send: Send) -> Cut | None:
        rule = self._rule_for(message)
        if rule is None:
            self._note("a message was ignored: nothing in the script answers it")
            return None
        self._rule_uses[rule] = self._rule_uses.get(rule, 0) + 1
        self.last = message
        return await self._send_frames(rule.frames, send)

    def _rule_for(self, message: Json) -> Rule | None:
        for rule in self._script.rules:
            is_used_up = rule.times is not None and self._rule_uses.get(rule, 0) >= rule.times
            if not is_used_up and (rule.matcher is None or rule.matcher.matches(message)):
                return rule
        return None

    def _variables(self) -> dict[str, Any]:
        resolution = self._resolution
        call = replace(self._call, input=self.last)
        return template_variables(call, resolution.request_id, resolution.count, self._seed)


def _truncated(text: str) -> str:
    """The start of a text that fits into a close frame: 123 bytes (RFC 6455 section 5.5)."""
    return text.encode()[:CLOSE_REASON_BYTES].decode("utf-8", "ignore")


_TENANT_REPLACED = Cut("close", "end", close_code=GOING_AWAY)
