"""Decides what a WebSocket upgrade on fal.run gets: a realtime session or an app's own socket."""

from __future__ import annotations

from collections.abc import Mapping

from fakefal.handlers import run
from fakefal.handlers.http import Answer, Request
from fakefal.handlers.websocket.raw import scripted
from fakefal.handlers.websocket.realtime import Realtime
from fakefal.handlers.websocket.sockets import is_upgrade, opening


async def connect_realtime(request: Request, parts: Mapping[str, str]) -> Answer:
    """``GET /{endpoint}/realtime``: authorized by the API key or a ``fal_jwt_token``.

    A caller without access is rejected before the upgrade; a GET without an upgrade is an ordinary
    GET. Source: client, inferred (protocol.md section 11.1).
    """
    endpoint = parts["endpoint"]
    path = f"{endpoint}/realtime"
    if not is_upgrade(request):
        return await run.get(request, {"endpoint": path})
    opened = opening(request, endpoint, "realtime")
    await opened.enter()
    sockets = opened.tenant.sockets
    as_socket = opened.asking(path, "socket").call
    if sockets.has_script(as_socket, "/realtime") or not sockets.may_answer(opened.call):
        own = scripted(opened, path, refuses=False)
        if own is not None:
            return own
    return Realtime(opened).conversation()


async def connect_socket(request: Request, parts: Mapping[str, str]) -> Answer:
    """``GET /{owner}/{alias}/{path}``: an app's own socket, or a realtime one on another path.

    The endpoint is the whole path. Source: client (protocol.md sections 11.1, 11.2).
    """
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
        return Realtime(other).conversation()
    raise opened.tenant.sockets.miss(opened.call)
