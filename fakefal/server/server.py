"""A fake fal, ready to be started: the engine, the door, and a socket."""

from __future__ import annotations

import asyncio
import errno
import logging
from collections.abc import Sequence
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
from fakefal.protocol.options import switched
from fakefal.server.door import Door
from fakefal.server.listener import FIELD_BYTES, LINE_BYTES, Listener
from fakefal.server.spool import Spool
from fakefal.server.tasks import Tasks
from fakefal.settings import Settings, data_folder

if TYPE_CHECKING:
    from fakefal.engine.webhooks import Webhooks
    from fakefal.scenario.loading import Loaded
    from fakefal.server.desk import Desk
    from fakefal.server.pump import Pump

_LOOPBACK = frozenset({"127.0.0.1", "::1"})
_SHUTDOWN_SECONDS = 0.1
"""How long open connections are waited for; our own streams are cancelled before."""


class FakeFal:
    """A fake fal inside an asyncio program.

    ``async with FakeFal("scenario.yaml") as fake:`` serves at ``fake.url`` until the block ends.
    Scenarios are paths, folders, or dicts as a file would hold them. Port 0 takes a free one.
    ``options`` are those of a scenario file; a scenario's own go before them. ``token`` is what the
    control API demands; it is made at the start where not only loopback is listened on.
    """

    def __init__(
        self,
        *scenarios: str | Path | dict[str, Any],
        host: str = "127.0.0.1",
        port: int = 0,
        settings: Settings | None = None,
        options: dict[str, Any] | None = None,
        **changes: Any,
    ) -> None:
        self.host = host
        self.port = port
        self.settings = replace(settings or Settings(), **changes)
        if options:
            self.settings = _with_options(self.settings, options)
        self.engine = Engine(self.settings, _load(scenarios))
        self._tasks = Tasks()
        self._pump: Pump | None = None
        self.engine.attend(self._attend)
        self._spool = Spool(self.settings.limits)
        self._runner: web.ServerRunner | None = None
        self._desk: Desk | None = None
        self.token = self.settings.token

    @property
    def url(self) -> str:
        """Where the fake listens: ``http://127.0.0.1:8787``."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

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

    async def start(self) -> None:
        """Listen; raises PortTaken or FakefalError."""
        if not 0 <= self.port <= 65535:  # uvloop would take the rest of a division
            raise FakefalError(f"{self.port} is no port — one of 0 to 65535")
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

        door = Door(self.engine, self._tasks, self._spool)
        self._desk = door.desk
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
        try:
            await web.TCPSite(self._runner, self.host, self.port).start()
        except OSError as error:
            await self.stop()
            if error.errno == errno.EADDRINUSE:
                raise PortTaken(self.host, self.port) from None
            reason = error.strerror or str(error)
            raise FakefalError(f"cannot listen on {self.host}:{self.port}: {reason}") from None
        if self._pump is not None:
            self._pump.start()
        if self.port == 0:
            self.port = self._runner.addresses[0][1]
        self._open_desk([address[0] for address in self._runner.addresses])

    def _open_desk(self, addresses: list[str]) -> None:
        """All ports listen at these addresses: the control API knows by them who is a stranger."""
        if self.token is None and not all(address in _LOOPBACK for address in addresses):
            from fakefal.control.guard import is_loopback, new_token  # most listen on loopback

            self.token = None if is_loopback(addresses) else new_token()
        if self._desk is not None:
            self._desk.open((self.host, *addresses), self.token)

    async def stop(self) -> None:
        """Close the socket, end open streams, and wait until all has ended."""
        if self._desk is not None:
            self._desk.close()
        runner, self._runner = self._runner, None
        if runner is not None:
            for site in list(runner.sites):
                await site.stop()
            await self._tasks.cancel_all()
            if self._pump is not None:
                await self._pump.stop()
            await runner.cleanup()
        self._spool.close()

    def _attend(self, webhooks: Webhooks) -> None:
        """Send what becomes due there."""
        if self._pump is None:
            from fakefal.server.pump import Pump  # a server without webhooks starts sooner

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


def _with_options(settings: Settings, options: dict[str, Any]) -> Settings:
    """Settings with the options of a server; raises FakefalError for what is none."""
    from fakefal.scenario.builder import build_circumstances
    from fakefal.scenario.option_models import options_of

    build_circumstances({"options": options})
    told = options_of(options)
    unmatched = told.pop("unmatched", settings.unmatched)
    return replace(settings, unmatched=unmatched, switches=switched(settings.switches, told))


def _load(scenarios: Sequence[str | Path | dict[str, Any]]) -> list[Loaded]:
    if not scenarios:
        return []
    from fakefal.scenario.loading import load_all, load_data

    loaded: list[Loaded] = []
    for number, scenario in enumerate(scenarios):
        if isinstance(scenario, dict):
            loaded.append(load_data(scenario, f"scenarios[{number}]"))
        else:
            loaded.extend(load_all([scenario]))
    return loaded
