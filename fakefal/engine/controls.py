"""All that a test may ask of a tenant, or change in it; plain data in and out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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
from fakefal.scenario.compiled.settings import EffectiveSettings, changed_settings
from fakefal.scenario.values.durations import parse_duration

if TYPE_CHECKING:
    from fakefal.scenario.compiled.exchange import CompiledExchange as Ready
    from fakefal.scenario.files.loader import LoadedScenario
    from fakefal.scenario.media.assets import Asset
    from fakefal.scenario.model.defaults import ScenarioDefaults
    from fakefal.scenario.model.scenario import Exchange


@dataclass(frozen=True, slots=True)
class CallRecord:
    """A call that came: what was asked, how, and which exchange answered.

    ``exchange`` is the label of the exchange; empty for a miss. ``status`` is the HTTP status of a
    direct answer, 200 for an admitted queue request. ``count`` is for functions that answer: how
    many calls their exchange has answered, this one included.
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
    """A message that came on a socket of an app's own.

    ``content`` is its JSON, if it holds an object or a list (as text or msgpack); else the text, or
    the bytes as a data URI.
    """

    endpoint: str
    content: Json
    is_text: bool


class FileRecord:
    """A file that is kept: what it is, where it can be read, and its bytes.

    ``name`` is as the uploader gave it, ``url`` under fal's own name; ``origin`` is ``upload`` or
    ``output``, ``expires_at`` an instant or None.
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
        """The bytes."""
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
    """The controls of one key. Call them from the loop's thread only."""

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
        """The controls of a tenant that is already there."""
        controls = cls.__new__(cls)
        controls._engine, controls.key, controls._tenant = engine, tenant.key, tenant
        return controls

    @property
    def tenant(self) -> Tenant:
        """The tenant that the key leads to now; a reset by others makes a new one."""
        self._tenant = self._engine.find(self.key) or self._tenant
        return self._tenant

    def put_exchange(
        self,
        index: int,
        exchange: Exchange,
        assets: Mapping[str, Asset] = MappingProxyType({}),
    ) -> None:
        """Set one of the tenant's own exchanges; ``index`` at the end appends.

        ``assets`` are the files that it refers to. Raises PatternError or TemplateError for what
        cannot be made ready.
        """
        from fakefal.scenario.compiled.exchange import (
            compile_exchange,  # only where exchanges are made
        )

        self.put_compiled(index, compile_exchange(exchange, index, assets=assets))

    def put_compiled(self, index: int, exchange: Ready) -> None:
        """Set one of the tenant's own exchanges, made ready."""
        exchanges = list(self.tenant.own_index.exchanges)
        if index < len(exchanges):
            exchanges[index] = exchange
        elif len(exchanges) >= self._engine.settings.limits.added_exchanges:
            raise SettingError(f"a tenant has at most {len(exchanges)} exchanges of its own")
        else:
            exchanges.append(exchange)
        self.tenant.set_own_index(ExchangeIndex(exchanges))

    def update(self, defaults: ScenarioDefaults) -> None:
        """Change what holds for all calls: options, account, apps, faults, chaos.

        Faults and accounts that are named begin anew, though they be the same as before.
        """
        tenant = self.tenant
        apply_settings(tenant, changed_settings(tenant.settings, defaults), defaults)

    def calls(self) -> list[CallRecord]:
        """The calls that came, oldest first."""
        return [_call_record(entry) for entry in self.tenant.journal if entry.kind == "call"]

    def messages(self) -> list[MessageRecord]:
        """The messages that came on sockets of apps' own, oldest first."""
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
        """How many of its oldest entries a full journal has let go."""
        return self.tenant.journal.dropped

    def misses(self) -> list[str]:
        """Every miss, told with the nearest exchanges."""
        return [str(miss) for miss in self.tenant.journal.misses]

    def miss_count(self) -> int:
        """How many calls met no exchange; of many, ``misses`` tells only the last thousand."""
        return self.tenant.journal.miss_count

    def assert_no_misses(self) -> None:
        """Raise MissesFound if a call met no exchange."""
        misses = self.misses()
        if misses:
            count = self.miss_count()
            noun = "call" if count == 1 else "calls"
            raise UnmatchedCalls("\n".join((f"{count} {noun} met no exchange:", *misses)))

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
        """The jobs kept, oldest first, as they are now."""
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
        """The files kept, oldest first: uploads, and those of outputs."""
        return [FileRecord(file) for file in self.tenant.files]

    def reset(self, clock: str | None = None) -> None:
        """A new tenant in place of this one: no jobs, no journal, no exchanges of its own.

        It has a new clock, of the same kind unless another is named; raises SettingError.
        """
        self._tenant = self._engine.reset_tenant(self.key, clock=clock or self.tenant.clock.kind)


def apply_settings(tenant: Tenant, settings: EffectiveSettings, defaults: ScenarioDefaults) -> None:
    """Have a tenant live by terms that ``given`` led to; what it names begins anew."""
    from fakefal.scenario.compiler.environment import flatten_defaults

    before = tenant.settings.raw.get("jwks")
    tenant.set_settings(settings)
    published = tenant.settings.raw.get("jwks")
    if published != before:
        from fakefal.engine.webhooks.controls import WebhookControls

        WebhookControls(tenant).publish(published)
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
