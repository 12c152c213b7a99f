"""The user's own HTTP proxy (``HTTPS_PROXY``), through which other hosts are reached."""

from __future__ import annotations

import asyncio
import base64
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]  # not in typeshed

from fakefal.proxy.relay import TunnelEnd, dial

_MAX_HEAD_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class ParentProxy:
    """An HTTP proxy; ``no_proxy`` lists hosts that bypass it, in the format of NO_PROXY."""

    host: str
    port: int
    authorization: str = ""
    no_proxy: str = ""

    async def dial(self, host: str, port: int, seconds: float) -> TunnelEnd:
        """Open a tunnel to a host, and return its far end; raises OSError with the reason."""
        if proxy_bypass_environment(f"{host}:{port}", {"no": self.no_proxy}):
            return await dial(host, port, seconds)
        try:
            return await asyncio.wait_for(self._dial(host, port), seconds)
        except (TimeoutError, asyncio.TimeoutError):
            raise OSError(f"the proxy {self} opened no connection within {seconds:g} s") from None

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    async def _dial(self, host: str, port: int) -> TunnelEnd:
        loop = asyncio.get_running_loop()
        addresses = await loop.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        family, kind, protocol, _, address = addresses[0]
        sock = socket.socket(family, kind, protocol)
        sock.setblocking(False)
        try:
            await loop.sock_connect(sock, address)
            await self._request_tunnel(
                sock, f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            )
            _, side = await loop.create_connection(TunnelEnd, sock=sock)
        except BaseException:
            sock.close()
            raise
        return side

    async def _request_tunnel(self, sock: socket.socket, target: str) -> None:
        """Send a CONNECT; raises OSError with the proxy's status line if it fails."""
        loop = asyncio.get_running_loop()
        authorization = ""
        if self.authorization:
            authorization = f"Proxy-Authorization: {self.authorization}\r\n"
        head = f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{authorization}\r\n"
        await loop.sock_sendall(sock, head.encode("latin-1", "replace"))
        response = b""
        while not response.endswith(b"\r\n\r\n"):
            # Byte by byte, as what follows the head belongs to the tunnel.
            byte = await loop.sock_recv(sock, 1)
            if not byte or len(response) > _MAX_HEAD_BYTES:
                raise OSError(f"the proxy {self} closed the connection")
            response += byte
        status_line = response.partition(b"\r\n")[0].decode("latin-1")
        if status_line.split(" ")[1:2] != ["200"]:
            raise OSError(f"the proxy {self} answered: {status_line}")


def parent_proxy_of(environment: Mapping[str, str]) -> ParentProxy | None:
    """The https proxy of an environment; None if there is none, or if it is not an HTTP proxy."""
    proxy_url = environment.get("https_proxy") or environment.get("HTTPS_PROXY") or ""
    try:
        parts = urlsplit(proxy_url if "://" in proxy_url else f"http://{proxy_url}")
        port = parts.port or 80
    except ValueError:
        return None
    if parts.scheme != "http" or not parts.hostname:
        return None
    authorization = ""
    if parts.username:
        credentials = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = f"Basic {base64.b64encode(credentials.encode()).decode()}"
    no_proxy = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    return ParentProxy(parts.hostname, port, authorization, no_proxy)
