"""fal.run: an app's own WebSockets, with frames from a scenario."""

from __future__ import annotations

from dataclasses import replace

from fakefal.engine.sockets.script_runner import ScriptRunner
from fakefal.handlers.http import Send, WebSocketSession
from fakefal.handlers.websocket.sockets import FalSocket, Handshake
from fakefal.protocol.errors.fault import Cut
from fakefal.protocol.websocket.realtime import decode_message


def open_scripted(
    handshake: Handshake, endpoint: str, *, may_reject: bool
) -> WebSocketSession | None:
    """The session, if an exchange has frames for it; raises ApiError if one rejects it."""
    handshake = handshake.for_endpoint(endpoint, "socket")
    runner = handshake.tenant.sockets.open_script(handshake.call, may_reject=may_reject)
    return None if runner is None else ScriptedSocket(handshake, runner).session()


class ScriptedSocket(FalSocket):
    """A socket that follows its script."""

    def __init__(self, handshake: Handshake, runner: ScriptRunner) -> None:
        super().__init__(handshake)
        self._runner = runner

    async def on_message(self, frame: bytes | str) -> None:
        """Journal a message as JSON, and pass it to the script."""
        message = decode_message(frame)
        kind = "text" if isinstance(frame, str) else "binary"
        self.tenant.record("message", 200, f"received, {kind}", replace(self.call, input=message))
        self._runner.on_message(message)
        await self.clock.yield_to_loop()

    def stop(self) -> None:
        """End the session because its tenant was reset: the caller should reconnect."""
        super().stop()
        self._runner.stop()

    async def serve(self, send: Send) -> Cut:
        """Run the script to its end."""
        return await self._runner.run(send)
