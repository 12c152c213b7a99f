"""The listener at the address of the private hosts file: rejects and records connections to fal."""

from __future__ import annotations

import asyncio
import json
import ssl
from contextlib import suppress

from fakefal.ca.authority import Authority
from fakefal.guard.escapes import Escape
from fakefal.guard.processes import find_process
from fakefal.protocol.core.hosts import CANONICAL_HOSTS

_PORTS = {443: "https", 80: "http"}
_TIMEOUT_SECONDS = 5.0
_HEAD_BYTES = 16_384
_MAX_ESCAPES = 1_000


class EscapeListener:
    """Listens on ports 443 and 80 of an address, and records what connects in ``escapes``.

    Every request gets a 403 with the reason. TLS is accepted for any host of fal, so that the URL
    becomes known and the program can show the response.
    """

    def __init__(self, authority: Authority, address: str) -> None:
        self.escapes: list[Escape] = []
        self._address = address
        self._authority = authority
        self._server_names: dict[ssl.SSLObject | ssl.SSLSocket, str] = {}
        self._context: ssl.SSLContext | None = None
        self._servers: list[asyncio.Server] = []
        self._connections: dict[asyncio.StreamWriter, asyncio.Task[None] | None] = {}

    async def start(self) -> str:
        """Listen; returns why that is not possible, or an empty string."""
        for port in _PORTS:
            try:
                server = await asyncio.start_server(self._serve, self._address, port)
            except OSError as error:
                await self.stop()
                return f"cannot listen on port {port}: {error.strerror or error}"
            self._servers.append(server)
        return ""

    async def stop(self) -> None:
        """Close the ports and the open connections, which are recorded too."""
        servers, self._servers = self._servers, []
        for server in servers:
            server.close()
        tasks = [task for task in self._connections.values() if task is not None]
        for writer in self._connections:
            writer.transport.abort()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        port = writer.get_extra_info("sockname")[1]
        peer = writer.get_extra_info("peername")[:2]
        pid, command = find_process(peer, (self._address, port))  # first: it may exit soon
        self._connections[writer] = asyncio.current_task()
        connection = _Connection(reader, writer)
        target = f"port {port} of a host of fal's"
        try:
            target = await asyncio.wait_for(self._reject(connection, port), _TIMEOUT_SECONDS)
        except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError):
            target = connection.target or target
        finally:
            if len(self.escapes) < _MAX_ESCAPES:
                self.escapes.append(Escape(target, "names", pid, command, f"port {port}"))
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
            del self._connections[writer]

    async def _reject(self, connection: _Connection, port: int) -> str:
        """Answer a connection with a 403; returns the requested URL."""
        if _PORTS[port] == "https":
            await connection.start_tls(self._tls(), self._server_names)
        head = await connection.read_head()
        request, *fields = head.split("\r\n")
        host = next(
            (field[5:].strip() for field in fields if field.lower().startswith("host:")),
            connection.host,
        )
        path = [*request.split(" "), "", ""][1]
        url = path if "://" in path else f"{_PORTS[port]}://{host}{path}"
        detail = (
            f"fakefal blocked a direct connection to {url}: fal is reached through the proxy of "
            "the environment (HTTPS_PROXY), which this program does not use"
        )
        body = json.dumps({"detail": detail})
        response = (
            "HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nConnection: close\r\n"
            f"x-fakefal-refused: 1\r\nContent-Length: {len(body)}\r\n\r\n{body}"
        )
        await connection.send(response.encode())
        return url

    def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = self._authority.new_context(*CANONICAL_HOSTS)
            self._context.sni_callback = self._record_server_name
        return self._context

    def _record_server_name(
        self, connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, _: ssl.SSLContext
    ) -> None:
        self._server_names[connection] = name or ""


class _Connection:
    """A connection with or without TLS; ``target`` is what is known of its URL so far."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.host = ""
        self.target = ""
        self._reader = reader
        self._writer = writer
        self._tls: ssl.SSLObject | None = None
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()

    async def start_tls(
        self, context: ssl.SSLContext, server_names: dict[ssl.SSLObject | ssl.SSLSocket, str]
    ) -> None:
        """Do the TLS handshake; raises OSError (ssl's errors are a subclass) if it fails."""
        self._tls = tls = context.wrap_bio(self._in, self._out, server_side=True)
        try:
            while True:
                try:
                    tls.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    await self._flush()
                    await self._feed()
                finally:
                    self.host = server_names.get(tls, self.host)
                    self.target = f"{self.host}:443" if self.host else ""
        finally:
            server_names.pop(tls, None)
            await self._flush()

    async def read_head(self) -> str:
        """Read until the end of the header section, at most 16 KiB."""
        data = b""
        while b"\r\n\r\n" not in data and len(data) < _HEAD_BYTES:
            data += await self._read()
        return data.partition(b"\r\n\r\n")[0].decode("latin-1")

    async def send(self, content: bytes) -> None:
        """Send all bytes, and close_notify if it is TLS."""
        if self._tls is None:
            self._writer.write(content)
        else:
            self._tls.write(content)
            # Many clients close without sending close_notify (RFC 8446 section 6.1).
            with suppress(ssl.SSLError):
                self._tls.unwrap()
        await self._flush()

    async def _read(self) -> bytes:
        if self._tls is None:
            data = await self._reader.read(_HEAD_BYTES)
            if not data:
                raise ConnectionError("the client closed the connection")
            return data
        while True:
            try:
                return self._tls.read(_HEAD_BYTES)
            except ssl.SSLWantReadError:
                await self._feed()

    async def _feed(self) -> None:
        data = await self._reader.read(_HEAD_BYTES)
        if not data:
            raise ConnectionError("the client closed the connection")
        self._in.write(data)

    async def _flush(self) -> None:
        self._writer.write(self._out.read())
        await self._writer.drain()
