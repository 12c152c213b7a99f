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
from fakefal.errors import FakefalError, PortTaken
from fakefal.protocol.core.compat_flags import switched
from fakefal.server.http.connection import FIELD_BYTES, LINE_BYTES, Listener
from fakefal.server.http.control_endpoint import Desk
from fakefal.server.http.handler import Door
from fakefal.server.proxy import Gate
from fakefal.server.tasks import Tasks
from fakefal.server.upload_store import Spool
from fakefal.settings import Settings, data_folder

if TYPE_CHECKING:
    from fakefal.engine.webhooks.scheduler import Webhooks
    from fakefal.recorder.distil.distil import Distilled
    from fakefal.scenario.files.loader import Loaded
    from fakefal.server.recording import RecordingSession, RecordingWish
    from fakefal.server.thread import ThreadedFakeFal
    from fakefal.server.webhooks.dispatcher import Pump

_LOOPBACK = frozenset({"127.0.0.1", "::1"})
_SHUTDOWN_SECONDS = 0.1
"""How long open connections are waited for; our own streams are cancelled before."""

_BACKLOG = 1024
"""Connections that wait to be taken: a program may open hundreds at once."""

_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}


class FakeFal:
    """A fake fal inside an asyncio program.

    ``async with FakeFal("scenario.yaml") as fake:`` serves at ``fake.url`` until the block ends.
    Scenarios are paths, folders, or dicts as a file would hold them. Port 0 takes a free one.
    ``options`` are those of a scenario file; a scenario's own go before them. ``tls_port`` adds a
    port that speaks TLS; the plain one is an HTTP proxy as well. ``token`` is what the control API
    demands; it is made at the start where not only loopback is listened on.
    """

    def __init__(
        self,
        *scenarios: str | Path | dict[str, Any] | Loaded,
        host: str = "127.0.0.1",
        port: int = 0,
        tls_port: int | None = None,
        settings: Settings | None = None,
        options: dict[str, Any] | None = None,
        **changes: Any,
    ) -> None:
        self.host = host
        self.port = port
        self.tls_port = tls_port
        self.settings = replace(settings or Settings(), **changes)
        if options:
            self.settings = _with_options(self.settings, options)
        self.engine = Engine(self.settings, _load(scenarios))
        self._tasks = Tasks()
        self._pump: Pump | None = None
        self.engine.attend(self._attend)
        self._spool = Spool(self.settings.limits)
        self._runner: web.ServerRunner | None = None
        self._ports: list[asyncio.Server] = []
        self.gate = Gate(self.engine, self._tasks)
        self._desk = Desk(self.engine, self.gate)
        self.token = self.settings.token
        self._session: RecordingSession | None = None
        self.recorded: Distilled | None = None

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
        return _url("http", _ANYWHERE.get(self.host, self.host), self.port)

    @property
    def offline(self) -> bool:
        """Whether the proxy lets nobody out to hosts that are not fal's."""
        return self.settings.offline

    @property
    def ca_path(self) -> Path:
        """The certificate of the local CA, which is made if there is none.

        Raises FakefalError.
        """
        return self.gate.authority.path

    @property
    def bundle_path(self) -> Path:
        """A file with the local CA and the system's roots, for ``SSL_CERT_FILE`` and its like.

        Raises FakefalError.
        """
        from fakefal.ca.bundle import write_bundle

        return write_bundle(self.ca_path)

    def in_thread(self) -> ThreadedFakeFal:
        """The same for code without an event loop: ``with FakeFal(…).in_thread() as fake:``."""
        from fakefal.server.thread import ThreadedFakeFal  # which is made of this class

        return ThreadedFakeFal(self)

    @property
    def has_made_token(self) -> bool:
        """Whether the token of the control API is one that nobody chose."""
        return self.token is not None and self.settings.token is None

    def base_url(self, fal_host: str) -> str:
        """The base-URL form of a fal host: ``http://127.0.0.1:8787/queue.fal.run``."""
        return f"{self.url}/{fal_host}"

    def controls(self, key: str) -> Controls:
        """The controls of a key; its tenant is made if there is none."""
        for tenant in self.engine.tenants:
            if tenant.key == key:
                return Controls.of(self.engine, tenant)
        return Controls(self.engine, key)

    @property
    def unsent(self) -> list[str]:
        """Webhooks that were still to be sent when the server stopped."""
        return [] if self._pump is None else self._pump.unsent

    def record(self, wish: RecordingWish) -> None:
        """Ask upstream from now on, and write the recording when the server stops.

        To be called before ``start``. Raises FakefalError.
        """
        from fakefal.server.recording import RecordingSession  # most servers record nothing

        self._session = RecordingSession(wish, self._tasks, keep_alive=self.settings.keep_alive)

    def answer_first(self) -> None:
        """From now on only what nothing here answers goes to upstream."""
        if self._session is not None:
            self._session.recorder.misses_only = True

    def break_off(self) -> None:
        """What is recorded is not to be the whole conversation: it stays ``complete: false``."""
        if self._session is not None:
            self._session.is_broken_off = True

    async def start(self) -> None:
        """Listen; raises PortTaken or FakefalError."""
        for port in (self.port, self.tls_port or 0):
            if not 0 <= port <= 65535:  # uvloop would take the rest of a division
                raise FakefalError(f"{port} is no port — one of 0 to 65535")
        loop = asyncio.get_running_loop()
        limit = self.settings.limits.body_bytes

        def make_request(
            message: RawRequestMessage,
            payload: StreamReader,
            protocol: RequestHandler,
            writer: AbstractStreamWriter,
            task: asyncio.Task[None],
        ) -> web.BaseRequest:
            return web.BaseRequest(
                message, payload, protocol, writer, task, loop, client_max_size=limit
            )

        door = Door(self.engine, self._tasks, self._spool, self._desk)
        server = Listener(
            door,
            make_request,
            access_log=None,
            logger=logging.getLogger("fakefal.http"),
            keepalive_timeout=self.settings.limits.idle_seconds,
            max_line_size=LINE_BYTES,
            max_field_size=FIELD_BYTES,
        )
        self._runner = web.ServerRunner(
            server, handle_signals=False, shutdown_timeout=_SHUTDOWN_SECONDS
        )
        await self._runner.setup()
        door.gate, self.gate.listener = self.gate, server
        door.recorder = None if self._session is None else self._session.recorder
        self.port = await self._listen(server, self.port)
        if self.tls_port is not None:
            try:
                self.gate.authority  # noqa: B018 (what is wrong with it is better said now)
            except FakefalError:
                await self.stop()
                raise
            self.tls_port = await self._listen(self.gate.opening, self.tls_port)
        if self._pump is not None:
            self._pump.start()
        self._open_desk()

    async def _listen(self, protocol: Callable[[], asyncio.Protocol], port: int) -> int:
        """Open a port; gives its number. Raises PortTaken or FakefalError, and stops the rest."""
        try:
            opened = await asyncio.get_running_loop().create_server(
                protocol, self.host, port, backlog=_BACKLOG
            )
        except OSError as error:
            await self.stop()
            if error.errno == errno.EADDRINUSE:
                option = "--port" if protocol != self.gate.opening else "--tls-port"
                raise PortTaken(self.host, port, option) from None
            reason = error.strerror or str(error)
            raise FakefalError(f"cannot listen on {self.host}:{port}: {reason}") from None
        self._ports.append(opened)
        self.gate.ports.add(number := int(opened.sockets[0].getsockname()[1]))
        return number

    def _open_desk(self) -> None:
        """All ports listen: the control API knows by their addresses who is a stranger."""
        bound = {name.getsockname()[0] for port in self._ports for name in port.sockets}
        if self.token is None and not bound <= _LOOPBACK:
            from fakefal.control.guard import is_loopback, new_token  # most listen on loopback

            self.token = None if is_loopback(bound) else new_token()
        self._desk.open((self.host, *sorted(bound)), self.token)

    async def stop(self) -> None:
        """Close the sockets, end open streams, and wait until all has ended.

        Raises FakefalError for a recording that must not or cannot be written.
        """
        self._desk.close()
        runner, self._runner = self._runner, None
        session, self._session = self._session, None
        if runner is not None:
            while self._ports:
                self._ports.pop().close()
            if session is not None:
                await session.recorder.finish()
            await self._tasks.cancel_all()
            if self._pump is not None:
                await self._pump.stop()
            await runner.cleanup()
            await self.gate.stop()
        self._spool.close()
        if session is not None:
            self.recorded = await session.end()

    def _attend(self, webhooks: Webhooks) -> None:
        """Send what becomes due there."""
        if self._pump is None:
            from fakefal.server.webhooks.dispatcher import (
                Pump,  # a server without webhooks starts sooner
            )

            home = self.settings.home or data_folder()
            self._pump = Pump(self._tasks, self.settings.webhook_allow, home)
            if self._runner is not None:
                self._pump.start()
        self._pump.attend(webhooks)

    async def __aenter__(self) -> FakeFal:
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
    from fakefal.scenario.builder import build_circumstances
    from fakefal.scenario.model.options import options_of

    build_circumstances({"options": options})
    told = options_of(options)
    unmatched = told.pop("unmatched", settings.unmatched)
    return replace(settings, unmatched=unmatched, switches=switched(settings.switches, told))


def _load(scenarios: Sequence[str | Path | dict[str, Any] | Loaded]) -> list[Loaded]:
    if not scenarios:
        return []
    from fakefal.scenario.files.loader import Loaded, load_all, load_data

    loaded: list[Loaded] = []
    for number, scenario in enumerate(scenarios):
        if isinstance(scenario, dict):
            loaded.append(load_data(scenario, f"scenarios[{number}]"))
        elif isinstance(scenario, Loaded):
            loaded.append(scenario)
        else:
            loaded.extend(load_all([scenario]))
    return loaded
