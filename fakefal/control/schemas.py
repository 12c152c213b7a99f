"""Schemas of requests and responses of the control API; OpenAPI is generated from them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from fakefal.control.report_schemas import (
    Attempt,
    Delivery,
    ExchangeResult,
    Jwks,
    Report,
    SpendRow,
)
from fakefal.engine.core.journal import EntryKind
from fakefal.engine.webhooks.deliveries import Stage
from fakefal.protocol.core.call import Via
from fakefal.scenario.model.fields import Duration
from fakefal.scenario.model.scenario import Exchange, Scenario

__all__ = ["Attempt", "Delivery", "Exchange", "ExchangeResult", "Jwks", "Report", "Scenario"]
__all__ += ["SpendRow"]

JobState = Literal["queued", "running", "completed", "cancelled"]
MAX_ITEMS = 10_000
"""The maximum and default length of lists."""


def _split_commas(value: Any) -> Any:
    return value.split(",") if isinstance(value, str) else value


def _require_text(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("is not a timestamp such as 2026-01-01T00:05:00Z")
    return value


class _RequestModel(BaseModel):
    """Parameters or a body; unknown names are errors."""

    model_config = ConfigDict(extra="forbid")


class NoParameters(_RequestModel):
    """For routes without parameters."""


class Parameters(_RequestModel):
    """The tenant, for requests without a key."""

    tenant: str | None = Field(
        None,
        description="A tenant from /_fakefal/tenants in place of a key; anonymous: callers without "
        "a key; all: the whole server (scenarios and reset).",
    )


class ScenarioParameters(Parameters):
    """The name of a scenario that is sent."""

    file: str = Field("scenario", max_length=200, description="The name in errors and misses.")


class ExchangeParameters(Parameters):
    """The location of an exchange that is sent."""

    location: str = Field(
        "", max_length=500, description="Where it is written, for misses: poster.test.ts:12."
    )


class ReportParameters(Parameters):
    """Which misses are in the text."""

    known_misses: int = Field(0, ge=0, description="Leave out so many of the oldest misses.")


StatusText = Annotated[str, Field(pattern=r"^(0|[1-5][0-9]{2}|[1-5][xX]{2})$")]


class _EntryFilter(Parameters):
    kind: Annotated[list[EntryKind], BeforeValidator(_split_commas)] | None = Field(
        None, description="Only entries of these kinds."
    )
    via: Annotated[list[Via], BeforeValidator(_split_commas)] | None = Field(
        None, description="Only calls made in these ways."
    )
    endpoint: str | None = Field(
        None, description="An endpoint, or a pattern with * and ?: fal-ai/*."
    )
    request_id: str | None = Field(None, description="Only this request.")
    status: Annotated[list[StatusText], BeforeValidator(_split_commas)] | None = Field(
        None, description="Only entries with these statuses: 404, 5xx."
    )
    method: str | None = Field(None, description="Only requests with this method: GET.")
    text: str | None = Field(
        None, description="Only entries whose input, note or miss contains this, in any case."
    )
    failed: bool = Field(False, description="Only failures and misses.")


class JournalParameters(_EntryFilter):
    """Selects entries; ``limit`` takes the newest, with ``since`` the oldest.

    To page: forwards with ``since`` and the last number of a page, backwards with ``before`` and
    the first.
    """

    since: int | None = Field(None, ge=0, description="Only entries after this number.")
    before: int | None = Field(None, ge=1, description="Only entries before this number.")
    limit: int = Field(MAX_ITEMS, ge=1, le=MAX_ITEMS, description="The maximum number of entries.")


class LiveParameters(_EntryFilter):
    """Selects the entries of a live stream."""

    since: int | None = Field(
        None, ge=0, description="Begin after this entry number. Default: only new entries."
    )


class JobParameters(Parameters):
    """Selects jobs; ``limit`` takes the newest."""

    state: Annotated[list[JobState], BeforeValidator(_split_commas)] | None = None
    endpoint: str | None = Field(
        None, description="An endpoint, or a pattern with * and ?: fal-ai/*."
    )
    limit: int = Field(MAX_ITEMS, ge=1, le=MAX_ITEMS)


class MissParameters(Parameters):
    """The form of misses; ``limit`` takes the newest."""

    details: bool = Field(False, description="Return objects with the nearest exchanges.")
    limit: int = Field(MAX_ITEMS, ge=1, le=MAX_ITEMS)


class WebhookParameters(Parameters):
    """Selects webhooks."""

    state: Annotated[list[Stage], BeforeValidator(_split_commas)] | None = None
    request_id: str | None = Field(None, description="Only this request.")


class AdvanceBody(_RequestModel):
    """How far the clock advances: by a duration, or to an instant."""

    by: Duration | None = None
    to: Annotated[AwareDatetime, BeforeValidator(_require_text)] | None = None


class ResetBody(_RequestModel):
    """The kind of clock after the reset; by default the same kind as before."""

    clock: Literal["real", "instant", "manual"] | None = None


class RedeliverBody(_RequestModel):
    """The request whose webhook is sent again; by default all webhooks that failed."""

    request_id: str | None = None


class PublishBody(_RequestModel):
    """How the webhook keys are published, as a scenario's ``jwks``; ``rotate`` adds a new key."""

    jwks: Any = None
    rotate: bool = False


class ApiModel(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Health(ApiModel):
    """The server is alive."""

    status: Literal["ok"]


class Ready(ApiModel):
    """The server listens on all its ports."""

    status: Literal["ready"]
    version: str
    scenarios: int
    exchanges: int


class Version(ApiModel):
    """Versions; ``format`` is that of the scenario format."""

    version: str
    format: int
    python: str


class Tenant(ApiModel):
    """The counts of one key. ``tenant`` identifies the key, which is masked."""

    tenant: str
    key: str
    calls: int
    misses: int
    jobs: int
    own_exchanges: int
    clock: str


class Clock(ApiModel):
    """The clock; ``now`` is in seconds since 1970, ``iso`` the same as text."""

    kind: Literal["real", "scaled", "instant", "manual"]
    now: float
    iso: str


class ExchangeUse(ApiModel):
    """An exchange, its location in a file, and the number of calls that it answered."""

    label: str
    location: str
    used: int
    times: int | None
    is_used_up: bool
    exchange: dict[str, Any]


class RouteUse(ApiModel):
    """A route in the order of matching; ``location`` is the line and file that it is from."""

    label: str
    location: str
    used: int
    times: int | None
    is_used_up: bool
    route: dict[str, Any]


class Scenarios(ApiModel):
    """Exchanges sent for this key (``own``), then those loaded at start or sent for all keys."""

    unmatched: Literal["fail", "generate"]
    seed: int
    defaults: dict[str, Any]
    own: list[ExchangeUse]
    loaded: list[ExchangeUse]
    routes: list[RouteUse] = Field([], description="Of the key, or without one of the server.")


class LoadResult(ApiModel):
    """A scenario that was loaded; ``total`` counts all exchanges sent so far."""

    file: str
    name: str | None
    exchanges: int
    routes: int = 0
    total: int


class ClearResult(ApiModel):
    """The scenarios that were sent are removed."""

    cleared: Literal[True]


class ResetResult(ApiModel):
    """The tenant was reset."""

    reset: Literal[True]


class JournalEntry(ApiModel):
    """An entry of the journal; ``number`` counts from 1 for each tenant."""

    number: int
    at: str
    kind: EntryKind
    request_id: str
    status: int
    endpoint: str | None = None
    via: Via | None = None
    input: Any = None
    headers: dict[str, str] | None = None
    request: dict[str, Any] | None = Field(None, description="Of a route: method, host, path, ….")
    exchange: str | None = None
    note: str | None = None
    miss: str | None = None


class Job(ApiModel):
    """A queue request and its state."""

    request_id: str
    endpoint: str
    state: JobState
    created_at: str
    ended_at: str | None
    exchange: str
    attempt: int
    gateway_request_id: str


class Step(ApiModel):
    """A step of a job's timeline."""

    state: Literal["IN_QUEUE", "IN_PROGRESS"]
    polls: int
    seconds: float | None
    queue_position: int | None


class Log(ApiModel):
    """A line of a job's log."""

    timestamp: str
    message: str
    level: str
    source: str
    labels: dict[str, str]


class JobDetails(Job):
    """A job with its input, timeline, present step, logs and outcome."""

    input: Any
    headers: dict[str, str]
    webhook: str | None
    timeline: list[Step]
    step: int
    logs: list[Log]
    status: int | None
    error: str | None
    error_type: str | None
    output: Any


class NearMiss(ApiModel):
    """An exchange that nearly matched, with the first difference, and all of them."""

    exchange: str
    location: str
    distance: float
    difference: str
    differences: list[str]


class MissDetails(ApiModel):
    """A call that matched no exchange, or a request that matched no route."""

    text: str
    endpoint: str | None = None
    via: Via | None = None
    input: Any = None
    request: dict[str, Any] | None = Field(None, description="Of a route: method, host, path, ….")
    nearest: list[NearMiss]


Miss = str | MissDetails


class File(ApiModel):
    """A stored file."""

    url: str
    file_name: str
    content_type: str
    file_size: int
    origin: Literal["upload", "output"]
    expires_at: str | None


class ScenarioProblem(ApiModel):
    """One problem in a scenario."""

    file: str
    line: int
    column: int
    path: str
    message: str
    suggestion: str


class ErrorBody(ApiModel):
    """An error. ``problems`` are those of a scenario, ``routes`` all that exist."""

    detail: str
    problems: list[ScenarioProblem] | None = None
    routes: list[str] | None = None
