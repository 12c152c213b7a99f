"""Reads and controls a tenant: what a test may do; takes and returns plain data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from fakefal.engine.core.journal import JournalEntry
from fakefal.engine.engine import Engine
from fakefal.engine.files.store import StoredFile
from fakefal.engine.tenant import Tenant
from fakefal.errors import SettingError, UnmatchedCalls
from fakefal.protocol.core.call import Json
from fakefal.protocol.core.json_codec import iso
from fakefal.scenario.compiled.index import ExchangeIndex
from fakefal.scenario.compiled.settings import EffectiveSettings
from fakefal.scenario.compiler.settings import changed_settings, library_with
from fakefal.scenario.values.durations import parse_duration

if TYPE_CHECKING:
    from fakefal.protocol.core.route_request import RouteRequest
    from fakefal.scenario.compiled.exchange import CompiledExchange
    from fakefal.scenario.compiled.routes import CompiledRoute
    from fakefal.scenario.compiled.scenario import LoadedScenario
    from fakefal.scenario.media.assets import Asset
    from fakefal.scenario.model.defaults import ScenarioDefaults
    from fakefal.scenario.model.scenario import Exchange


@dataclass(frozen=True, slots=True)
class CallRecord:
    """A received call.

    ``exchange`` is the label of the exchange that answered, empty for a miss. ``status`` is the
    HTTP status of a direct call, 200 for an admitted queue request. ``count`` is for callable
    replies: the number of calls that their exchange has answered, this one included.
    """

    endpoint: str
    via: str
    input: Json
    headers: dict[str, str]
    request_id: str
    exchange: str
    status: int
    count: int = 1


@dataclass(frozen=True, slots=True)
class MessageRecord:
    """A message received on an app's own socket.

    ``content`` is the JSON object or list that it contains (as text or msgpack); else the text, or
    the bytes as a data URI.
    """

    endpoint: str
    content: Json
    is_text: bool


class RouteRecord:
    """A request that a route answered, or that matched no route.

    ``route`` is the label of the route that answered, empty for a miss; ``status`` that of the
    response, 0 without one. ``json`` and ``form`` are None for another body, which ``body`` has.
    """

    def __init__(self, request: RouteRequest, route: str, status: int) -> None:
        self.method = request.method
        self.host = request.host
        self.path = request.path
        self.query = request.query
        self.headers = dict(request.headers)
        self.json = request.json
        self.form = request.form
        self.body = request.body
        self.route = route
        self.status = status

    def __repr__(self) -> str:
        return f"RouteRecord({self.method} {self.host}{self.path} → {self.status})"


class FileRecord:
    """A stored file.

    ``name`` is the uploader's, ``url`` has fal's host name, ``origin`` is ``upload`` or ``output``,
    ``expires_at`` an instant or None.
    """

    def __init__(self, file: StoredFile) -> None:
        self.url = file.stored_url.url
        self.name = file.name
        self.content_type = file.content_type
        self.size = file.blob.size
        self.origin = file.origin
        self.expires_at = file.expires_at
        self._blob = file.blob

    def __repr__(self) -> str:
        return f"FileRecord({self.name!r}, {self.content_type!r}, {self.size} bytes, {self.url!r})"

    def read(self) -> bytes:
        """The contents of the file."""
        return self._blob.read(0, self.size)

    def body(self) -> dict[str, Any]:
        """The record as JSON, without the bytes."""
        return {
            "url": self.url,
            "file_name": self.name,
            "content_type": self.content_type,
            "file_size": self.size,
            "origin": self.origin,
            "expires_at": None if self.expires_at is None else iso(self.expires_at),
        }


class Controls:
    """Controls the tenant of one key. Not thread-safe: call it in the event loop's thread."""

    def __init__(
        self,
        engine: Engine,
        key: str,
        *,
        clock: str | None = None,
        scenarios: Iterable[LoadedScenario] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self._engine = engine
        self.key = key
        self._tenant: Tenant = engine.reset_tenant(
            key, clock=clock, scenarios=scenarios, options=options
        )

    @classmethod
    def for_tenant(cls, engine: Engine, tenant: Tenant) -> Controls:
        """The controls of an existing tenant; the constructor makes a new one."""
        controls = cls.__new__(cls)
        controls._engine, controls.key, controls._tenant = engine, tenant.key, tenant
        return controls

    @property
    def tenant(self) -> Tenant:
        """The current tenant of the key; another client may have reset it."""
        self._tenant = self._engine.find(self.key) or self._tenant
        return self._tenant

    def put_exchange(
        self,
        index: int,
        exchange: Exchange,
        assets: Mapping[str, Asset] = MappingProxyType({}),
    ) -> None:
        """Set one of the tenant's own exchanges; an ``index`` past the end appends.

        ``assets`` are the files that it refers to. Raises PatternError or TemplateError for an
        exchange that cannot be compiled.
        """
        from fakefal.scenario.compiler.exchange import compile_exchange

        self.put_compiled(index, compile_exchange(exchange, index, assets=assets))

    def put_compiled(self, index: int, exchange: CompiledExchange) -> None:
        """Set one of the tenant's own exchanges, already compiled."""
        exchanges = list(self.tenant.own_index.exchanges)
        if index < len(exchanges):
            exchanges[index] = exchange
        elif len(exchanges) >= self._engine.settings.limits.added_exchanges:
            raise SettingError(f"at most {len(exchanges)} exchanges can be added to a tenant")
        else:
            exchanges.append(exchange)
        self.tenant.set_own_index(ExchangeIndex(exchanges))

    def put_route(self, index: int, route: CompiledRoute) -> None:
        """Set one of the tenant's own routes, already compiled; one past the end is appended."""
        routes = list(self.tenant.routes.own_routes)
        if index < len(routes):
            routes[index] = route
        elif len(routes) >= self._engine.settings.limits.added_exchanges:
            raise SettingError(f"at most {len(routes)} routes can be added to a tenant")
        else:
            routes.append(route)
        self._engine.set_own_routes(self.tenant, tuple(routes))

    def requests(self) -> list[RouteRecord]:
        """The requests that routes answered, or that matched none, oldest first."""
        return [
            RouteRecord(entry.request, entry.label.strip('"'), entry.status)
            for entry in self.tenant.journal
            if entry.request is not None
        ]

    def update(self, defaults: ScenarioDefaults) -> None:
        """Change the settings of all calls: options, account, apps, faults, chaos.

        Counters of accounts and faults that are set restart, even if the value is unchanged.
        """
        tenant = self.tenant
        apply_settings(tenant, changed_settings(tenant.settings, defaults), defaults)

    def add_schemas(self, loaded: LoadedScenario) -> None:
        """Add the API descriptions of a scenario."""
        settings = self.tenant.settings
        schemas = library_with(settings.schemas, (loaded,))
        self.tenant.set_settings(replace(settings, schemas=schemas))

    def calls(self) -> list[CallRecord]:
        """The received calls, oldest first."""
        return [_call_record(entry) for entry in self.tenant.journal if entry.kind == "call"]

    def messages(self) -> list[MessageRecord]:
        """The messages received on apps' own sockets, oldest first."""
        return [
            MessageRecord(
                entry.call.endpoint.text, entry.call.input, entry.note == "received, text"
            )
            for entry in self.tenant.journal
            if entry.kind == "message" and entry.call is not None
        ]

    def journal(self) -> list[dict[str, Any]]:
        """The journal as JSON."""
        return [entry.body() for entry in self.tenant.journal]

    def dropped(self) -> int:
        """The number of oldest entries that the journal no longer holds."""
        return self.tenant.journal.dropped

    def misses(self) -> list[str]:
        """One line for each miss, with the nearest exchanges."""
        return [str(miss) for miss in self.tenant.journal.misses]

    def miss_count(self) -> int:
        """The number of calls that matched no exchange; ``misses`` holds the last thousand."""
        return self.tenant.journal.miss_count

    def assert_no_misses(self) -> None:
        """Raise UnmatchedCalls if a call matched no exchange."""
        misses = self.misses()
        if misses:
            count = self.miss_count()
            noun = "call" if count == 1 else "calls"
            raise UnmatchedCalls("\n".join((f"{count} {noun} matched no exchange:", *misses)))

    def clock(self) -> dict[str, Any]:
        """The clock: ``{"kind": "manual", "now": 1767225600.0, "iso": "2026-…"}``."""
        clock = self.tenant.clock
        now = clock.now()
        return {"kind": clock.kind, "now": now, "iso": iso(now)}

    def advance(self, duration: float | str) -> dict[str, Any]:
        """Move the clock by ``"90s"`` or seconds; raises SettingError."""
        try:
            seconds = parse_duration(duration)
        except ValueError as error:
            raise SettingError(f"{error} — write 90s, 300ms, or a number of seconds") from None
        self.tenant.clock.advance(seconds)
        return self.clock()

    def jobs(self) -> list[dict[str, Any]]:
        """The kept jobs in their present state, oldest first."""
        rows = []
        queue = self.tenant.queue
        for job in queue.jobs.values():
            queue.advance_job(job, self.tenant.clock.now())
            rows.append(
                {
                    "request_id": job.id,
                    "endpoint": job.call.endpoint.text,
                    "state": job.state.value,
                    "created_at": iso(job.created_at),
                    "ended_at": None if job.ended_at is None else iso(job.ended_at),
                    "exchange": job.label.strip('"'),
                    "attempt": job.attempt,
                    "gateway_request_id": job.gateway_id,
                }
            )
        return rows

    def files(self) -> list[FileRecord]:
        """The kept files, uploaded and generated, oldest first."""
        return [FileRecord(file) for file in self.tenant.files]

    def reset(self, clock: str | None = None) -> None:
        """Replace the tenant by a new one, without jobs, journal and own exchanges.

        Its clock is new, of the same kind unless ``clock`` names another; raises SettingError.
        """
        self._tenant = self._engine.reset_tenant(self.key, clock=clock or self.tenant.clock.kind)


def apply_settings(tenant: Tenant, settings: EffectiveSettings, defaults: ScenarioDefaults) -> None:
    """Set a tenant's settings, which ``defaults`` changed; resets the counters of its parts."""
    from fakefal.scenario.compiler.environment import flatten_defaults

    before = tenant.settings.raw.get("jwks")
    tenant.set_settings(settings)
    published = tenant.settings.raw.get("jwks")
    if published != before:
        from fakefal.engine.webhooks.controls import WebhookControls

        WebhookControls(tenant.webhooks).publish(published)
    for part in flatten_defaults(defaults):
        tenant.faults.reset_part(*part)


def _call_record(entry: JournalEntry) -> CallRecord:
    call = entry.call
    assert call is not None
    label = "" if entry.miss is not None else entry.label.strip('"')
    return CallRecord(
        call.endpoint.text,
        call.via,
        call.input,
        dict(call.headers),
        entry.request_id,
        label,
        entry.status,
    )
