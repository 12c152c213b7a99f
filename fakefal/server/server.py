"""A fake fal, ready to be started: the engine, the door, and a socket."""

from __future__ import annotations

import asyncio
import errno
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import StreamReader
from aiohttp.web_protocol import RequestHandler

from fakefal.engine.controls import Controls
from fakefal.engine.engine import Engine
from fakefal.errors import FakefalError, PortInUse
from fakefal.protocol.core.compat_flags import with_flags
from fakefal.server.http.connection import MAX_FIELD_BYTES, MAX_LINE_BYTES, ConnectionFactory
from fakefal.server.http.control_endpoint import ControlEndpoint
from fakefal.server.http.handler import HttpHandler
from fakefal.server.proxy import ProxyServer
from fakefal.server.tasks import Tasks
from fakefal.server.upload_store import UploadStore
from fakefal.settings import Settings, data_folder

if TYPE_CHECKING:
    from fakefal.engine.webhooks.scheduler import WebhookScheduler
    from fakefal.recorder.distil.distil import DistilResult
    from fakefal.scenario.files.loader import LoadedScenario
    from fakefal.server.recording import RecordingConfig, RecordingSession
    from fakefal.server.thread import ThreadedServer
    from fakefal.server.webhooks.dispatcher import WebhookDispatcher

_LOOPBACK = frozenset({"127.0.0.1", "::1"})
_SHUTDOWN_SECONDS = 0.1
"""How long open connections are waited for; our own streams are cancelled before."""

_BACKLOG = 1024
"""Connections that wait to be taken: a program may open hundreds at once."""

_CLIENT_HOSTS = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}


class FakeFalServer:
    """A fake fal inside an asyncio program.

    ``async with FakeFal("scenario.yaml") as fake:`` serves at ``fake.url`` until the block ends.
    Scenarios are paths, folders, or dicts as a file would hold them. Port 0 takes a free one.
    ``options`` are those of a scenario file; a scenario's own go before them. ``tls_port`` adds a
    port that speaks TLS; the plain one is an HTTP proxy as well. ``token`` is what the control API
    demands; it is made at the start where not only loopback is listened on.
    """

    def __init__(
        self,
        *scenarios: str | Path | dict[str, Any] | LoadedScenario,
        host: str = "127.0.0.1",
        port: int = 0,
        tls_port: int | None = None,
        settings: Settings | None = None,
        options: dict[str, Any] | None = None,
        **setting_changes: Any,
    ) -> None:
        self.host = host
        self.port = port
        self.tls_port = tls_port
        self.settings = replace(settings or Settings(), **setting_changes)
        if options:
            self.settings = _with_options(self.settings, options)
        self.engine = Engine(self.settings, _load(scenarios))
        self._tasks = Tasks()
        self._dispatcher: WebhookDispatcher | None = None
        self.engine.watch_webhooks(self._watch_webhooks)
        self._upload_store = UploadStore(self.settings.limits)
        self._runner: web.ServerRunner | None = None
        self._servers: list[asyncio.Server] = []
        self.proxy = ProxyServer(self.engine, self._tasks)
        self._control_endpoint = ControlEndpoint(self.engine, self.proxy)
        self.token = self.settings.token
        self._session: RecordingSession | None = None
        self.recorded: DistilResult | None = None

    @property
    def url(self) -> str:
        """Where the fake listens: ``http://127.0.0.1:8787``."""
        return _url("http", self.host, self.port)

    @property
    def tls_url(self) -> str:
        """Where it speaks TLS: ``https://127.0.0.1:8443``; empty if it does not."""
        return "" if self.tls_port is None else _url("https", self.host, self.tls_port)

    @property
    def proxy_url(self) -> str:
        """What ``HTTPS_PROXY`` is to be on this machine: ``http://127.0.0.1:8787``."""
        return _url("http", _CLIENT_HOSTS.get(self.host, self.host), self.port)

    @property
    def offline(self) -> bool:
        """Whether the proxy lets nobody out to hosts that are not fal's."""
        return self.settings.offline

    @property
    def ca_path(self) -> Path:
        """The certificate of the local CA, which is made if there is none.

        Raises FakefalError.
        """
        return self.proxy.authority.path

    @property
    def bundle_path(self) -> Path:
        """A file with the local CA and the system's roots, for ``SSL_CERT_FILE`` and its like.

        Raises FakefalError.
        """
        from fakefal.ca.bundle import write_bundle

        return write_bundle(self.ca_path)

    def in_thread(self) -> ThreadedServer:
        """The same for code without an event loop: ``with FakeFal(…).in_thread() as fake:``."""
        from fakefal.server.thread import ThreadedServer  # which is made of this class

        return ThreadedServer(self)

    @property
    def has_generated_token(self) -> bool:
        """Whether the token of the control API is one that nobody chose."""
        return self.token is not None and self.settings.token is None

    def base_url(self, fal_host: str) -> str:
        """The base-URL form of a fal host: ``http://127.0.0.1:8787/queue.fal.run``."""
        return f"{self.url}/{fal_host}"

    def controls(self, key: str) -> Controls:
        """The controls of a key; its tenant is made if there is none."""
        for tenant in self.engine.tenants:
            if tenant.key == key:
                return Controls.for_tenant(self.engine, tenant)
        return Controls(self.engine, key)

    @property
    def unsent(self) -> list[str]:
        """Webhooks that were still to be sent when the server stopped."""
        return [] if self._dispatcher is None else self._dispatcher.unsent

    def record(self, config: RecordingConfig) -> None:
        """Ask upstream from now on, and write the recording when the server stops.

        To be called before ``start``. Raises FakefalError.
        """
        from fakefal.server.recording import RecordingSession  # most servers record nothing

        self._session = RecordingSession(config, self._tasks, keep_alive=self.settings.keep_alive)

    def record_misses_only(self) -> None:
        """From now on only what nothing here answers goes to upstream."""
        if self._session is not None:
            self._session.recorder.misses_only = True

    def mark_recording_incomplete(self) -> None:
        """What is recorded is not to be the whole conversation: it stays ``complete: false``."""
        if self._session is not None:
            self._session.is_incomplete = True

    async def start(self) -> None:
        """Listen; raises PortTaken or FakefalError."""
        for port in (self.port, self.tls_port or 0):
            if not 0 <= port <= 65535:  # uvloop would take the rest of a division
                raise FakefalError(f"{port} is no port — one of 0 to 65535")
        loop = asyncio.get_running_loop()
        max_body_bytes = self.settings.limits.body_bytes

        def make_request(
            message: RawRequestMessage,
            payload: StreamReader,
            protocol: RequestHandler,
            writer: AbstractStreamWriter,
            task: asyncio.Task[None],
        ) -> web.BaseRequest:
            return web.BaseRequest(
                message, payload, protocol, writer, task, loop, client_max_size=max_body_bytes
            )

        handler = HttpHandler(self.engine, self._tasks, self._upload_store, self._control_endpoint)
        connection_factory = ConnectionFactory(
            handler,
            make_request,
            access_log=None,
            logger=logging.getLogger("fakefal.http"),
            keepalive_timeout=self.settings.limits.idle_timeout_seconds,
            max_line_size=MAX_LINE_BYTES,
            max_field_size=MAX_FIELD_BYTES,
        )
        self._runner = web.ServerRunner(
            connection_factory, handle_signals=False, shutdown_timeout=_SHUTDOWN_SECONDS
        )
        await self._runner.setup()
        handler.proxy, self.proxy.connection_factory = self.proxy, connection_factory
        handler.recorder = None if self._session is None else self._session.recorder
        self.port = await self._listen(connection_factory, self.port)
        if self.tls_port is not None:
            try:
                self.proxy.authority  # noqa: B018 (what is wrong with it is better said now)
            except FakefalError:
                await self.stop()
                raise
            self.tls_port = await self._listen(self.proxy.new_tls_connection, self.tls_port)
        if self._dispatcher is not None:
            self._dispatcher.start()
        self._open_control_endpoint()

    async def _listen(self, protocol_factory: Callable[[], asyncio.Protocol], port: int) -> int:
        """Open a port; gives its number. Raises PortTaken or FakefalError, and stops the rest."""
        try:
            server = await asyncio.get_running_loop().create_server(
                protocol_factory, self.host, port, backlog=_BACKLOG
            )
        except OSError as error:
            await self.stop()
            if error.errno == errno.EADDRINUSE:
                option = (
                    "--port" if protocol_factory != self.proxy.new_tls_connection else "--tls-port"
                )
                raise PortInUse(self.host, port, option) from None
            reason = error.strerror or str(error)
            raise FakefalError(f"cannot listen on {self.host}:{port}: {reason}") from None
        self._servers.append(server)
        self.proxy.ports.add(bound_port := int(server.sockets[0].getsockname()[1]))
        return bound_port

    def _open_control_endpoint(self) -> None:
        """All ports listen: the control API knows by their addresses who is a stranger."""
        addresses = {
            listening_socket.getsockname()[0]
            for server in self._servers
            for listening_socket in server.sockets
        }
        if self.token is None and not addresses <= _LOOPBACK:
            from fakefal.control.guard import is_loopback, new_token  # most listen on loopback

            self.token = None if is_loopback(addresses) else new_token()
        self._control_endpoint.open((self.host, *sorted(addresses)), self.token)

    async def stop(self) -> None:
        """Close the sockets, end open streams, and wait until all has ended.

        Raises FakefalError for a recording that must not or cannot be written.
        """
        self._control_endpoint.close()
        runner, self._runner = self._runner, None
        session, self._session = self._session, None
        if runner is not None:
            while self._servers:
                self._servers.pop().close()
            if session is not None:
                await session.recorder.wait_for_media()
            await self._tasks.cancel_all()
            if self._dispatcher is not None:
                await self._dispatcher.stop()
            await runner.cleanup()
            await self.proxy.stop()
        self._upload_store.close()
        if session is not None:
            self.recorded = await session.end()

    def _watch_webhooks(self, webhooks: WebhookScheduler) -> None:
        """Send what becomes due there."""
        if self._dispatcher is None:
            from fakefal.server.webhooks.dispatcher import (
                WebhookDispatcher,  # a server without webhooks starts sooner
            )

            home = self.settings.home or data_folder()
            self._dispatcher = WebhookDispatcher(self._tasks, self.settings.webhook_allow, home)
            if self._runner is not None:
                self._dispatcher.start()
        self._dispatcher.watch(webhooks)

    async def __aenter__(self) -> FakeFalServer:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()


def _url(scheme: str, host: str, port: int) -> str:
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _with_options(settings: Settings, options: dict[str, Any]) -> Settings:
    """Settings with the options of a server; raises FakefalError for what is none."""
    from fakefal.scenario.builder import build_defaults
    from fakefal.scenario.model.options import flag_values

    build_defaults({"options": options})
    option_values = flag_values(options)
    unmatched = option_values.pop("unmatched", settings.unmatched)
    return replace(
        settings, unmatched=unmatched, switches=with_flags(settings.flags, option_values)
    )


def _load(
    scenarios: Sequence[str | Path | dict[str, Any] | LoadedScenario],
) -> list[LoadedScenario]:
    if not scenarios:
        return []
    from fakefal.scenario.files.loader import LoadedScenario, load_all, load_data

    loaded: list[LoadedScenario] = []
    for number, scenario in enumerate(scenarios):
        if isinstance(scenario, dict):
            loaded.append(load_data(scenario, f"scenarios[{number}]"))
        elif isinstance(scenario, LoadedScenario):
            loaded.append(scenario)
        else:
            loaded.extend(load_all([scenario]))
    return loaded
