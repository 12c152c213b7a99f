"""WebSocket upgrades on fal.run: a realtime session, or an app's own scripted socket."""

from __future__ import annotations

from collections.abc import Mapping

from fakefal.handlers import run
from fakefal.handlers.http import HttpResponse, Request
from fakefal.handlers.websocket.realtime import RealtimeSocket
from fakefal.handlers.websocket.scripted import open_scripted
from fakefal.handlers.websocket.sockets import is_upgrade, read_handshake


async def connect_realtime(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``GET /{endpoint}/realtime``: authorized by the API key or a ``fal_jwt_token``.

    A caller without access is rejected before the upgrade. A GET without an upgrade is an ordinary
    GET.

    Source: client, inferred (docs/reference/realtime.md#realtime-sessions).
    """
    endpoint = parts["endpoint"]
    path = f"{endpoint}/realtime"
    if not is_upgrade(request):
        return await run.get(request, {"endpoint": path})
    handshake = read_handshake(request, endpoint, "realtime")
    await handshake.accept()
    sockets = handshake.tenant.sockets
    socket_call = handshake.for_endpoint(path, "socket").call
    if sockets.has_script(socket_call, "/realtime") or not sockets.may_answer(handshake.call):
        scripted_session = open_scripted(handshake, path, may_reject=False)
        if scripted_session is not None:
            return scripted_session
    return RealtimeSocket(handshake).session()


async def connect_socket(request: Request, parts: Mapping[str, str]) -> HttpResponse:
    """``GET /{owner}/{alias}/{path}``: an app's own socket, or a realtime session on another path.

    The endpoint is the whole path.

    Source: client (docs/reference/realtime.md#realtime-sessions,
    docs/reference/realtime.md#app-websockets).
    """
    if not is_upgrade(request):
        return await run.get(request, parts)
    endpoint = parts["endpoint"]
    handshake = read_handshake(request, endpoint, "socket")
    await handshake.accept()
    scripted_session = open_scripted(handshake, endpoint, may_reject=True)
    if scripted_session is not None:
        return scripted_session
    realtime_handshake = handshake.for_endpoint(endpoint, "realtime")
    if handshake.tenant.sockets.may_answer(realtime_handshake.call):
        return RealtimeSocket(realtime_handshake).session()
    raise handshake.tenant.sockets.miss(handshake.call)
