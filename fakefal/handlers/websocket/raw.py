"""fal.run: WebSockets of an app's own, whose frames a scenario writes."""

from __future__ import annotations

from dataclasses import replace

from fakefal.engine.sockets.script_runner import Dialogue
from fakefal.handlers.http import Conversation, Send
from fakefal.handlers.websocket.sockets import Opening, Session
from fakefal.protocol.errors.fault import Cut
from fakefal.protocol.websocket.realtime import decode_message


def scripted(opened: Opening, endpoint: str, *, refuses: bool) -> Conversation | None:
    """The socket, if an exchange has frames for it; raises WireError where one refuses it."""
    opened = opened.asking(endpoint, "socket")
    dialogue = opened.tenant.sockets.script(opened.call, refuses=refuses)
    return None if dialogue is None else Raw(opened, dialogue).conversation()


class Raw(Session):
    """One socket that follows its script."""

    def __init__(self, opened: Opening, dialogue: Dialogue) -> None:
        super().__init__(opened)
        self._dialogue = dialogue

    async def hear(self, frame: bytes | str) -> None:
        """Take a message and keep it in the journal, as the JSON that it is or holds."""
        message = decode_message(frame)
        kind = "text" if isinstance(frame, str) else "binary"
        self.tenant.note("message", 200, f"received, {kind}", replace(self.call, input=message))
        self._dialogue.hear(message)
        await self.clock.turn()

    def end(self) -> None:
        """Another tenant took the place of this one: the caller is to connect anew."""
        super().end()
        self._dialogue.end()

    async def converse(self, send: Send) -> Cut:
        """Follow the script."""
        return await self._dialogue.play(send)
