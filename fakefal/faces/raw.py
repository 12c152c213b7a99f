"""fal.run: WebSockets of an app's own, whose frames a scenario writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from fakefal.engine.dialogues import Dialogue
from fakefal.faces.http import Answer, Conversation, Request, Send
from fakefal.faces.sockets import Opening, Session, is_upgrade, opening
from fakefal.protocol.realtime import decode_message
from fakefal.protocol.trouble import Cut


async def connect(request: Request, parts: Mapping[str, str]) -> Answer:
    """``GET /{owner}/{alias}/{path}``: a socket of the app, or a realtime one on another path.

    The endpoint is the whole path. Source: client (protocol.md sections 11.1, 11.2).
    """
    from fakefal.faces import realtime, run

    if not is_upgrade(request):
        return await run.get(request, parts)
    endpoint = parts["endpoint"]
    opened = opening(request, endpoint, "socket")
    await opened.enter()
    own = scripted(opened, endpoint, refuses=True)
    if own is not None:
        return own
    other = opened.asking(endpoint, "realtime")
    if opened.tenant.sockets.may_answer(other.call):
        return realtime.Realtime(other).conversation()
    raise opened.tenant.sockets.miss(opened.call)


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
