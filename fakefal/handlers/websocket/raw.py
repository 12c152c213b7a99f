"""fal.run: WebSockets of an app's own, whose frames a scenario writes."""

from __future__ import annotations

from dataclasses import replace

from fakefal.engine.sockets.script_runner import ScriptRunner
from fakefal.handlers.http import Send, WebSocketSession
from fakefal.handlers.websocket.sockets import FalSocket, Handshake
from fakefal.protocol.errors.fault import Cut
from fakefal.protocol.websocket.realtime import decode_message


def open_scripted(handshake: Handshake, endpoint: str, *, refuses: bool) -> WebSocketSession | None:
    """The socket, if an exchange has frames for it; raises WireError where one refuses it."""
    handshake = handshake.for_endpoint(endpoint, "socket")
    dialogue = handshake.tenant.sockets.open_script(handshake.call, may_reject=refuses)
    return None if dialogue is None else ScriptedSocket(handshake, dialogue).session()


class ScriptedSocket(FalSocket):
    """One socket that follows its script."""

    def __init__(self, handshake: Handshake, dialogue: ScriptRunner) -> None:
        super().__init__(handshake)
        self._dialogue = dialogue

    async def hear(self, frame: bytes | str) -> None:
        """Take a message and keep it in the journal, as the JSON that it is or holds."""
        message = decode_message(frame)
        kind = "text" if isinstance(frame, str) else "binary"
        self.tenant.record("message", 200, f"received, {kind}", replace(self.call, input=message))
        self._dialogue.on_message(message)
        await self.clock.yield_to_loop()

    def end(self) -> None:
        """Another tenant took the place of this one: the caller is to connect anew."""
        super().stop()
        self._dialogue.stop()

    async def converse(self, send: Send) -> Cut:
        """Follow the script."""
        return await self._dialogue.run(send)
