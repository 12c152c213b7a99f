"""The shapes of what the control API takes and gives: its description is made of them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from fakefal.engine.core.journal import EntryKind
from fakefal.engine.webhooks.deliveries import Stage
from fakefal.protocol.core.call import Via
from fakefal.scenario.model.fields import Duration
from fakefal.scenario.model.scenario import Scenario

__all__ = ["Scenario"]

JobState = Literal["queued", "running", "completed", "cancelled"]
MAX_ITEMS = 10_000
"""The most entries of a list that are given at once."""


def _split_commas(value: Any) -> Any:
    return value.split(",") if isinstance(value, str) else value


def _require_text(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("is no instant as text, such as 2026-01-01T00:05:00Z")
    return value


class _RequestModel(BaseModel):
    """What is asked for; a word that is not known is refused."""

    model_config = ConfigDict(extra="forbid")


class NoParameters(_RequestModel):
    """A route without parameters."""


class Parameters(_RequestModel):
    """Whose tenant is meant, where no key says it."""

    tenant: str | None = Field(
        None,
        description="A tenant of /_fakefal/tenants instead of a key; nobody: callers without one; "
        "all: the whole server (scenarios and reset).",
    )


class ScenarioParameters(Parameters):
    """How a scenario that is sent is called."""

    file: str = Field("scenario", max_length=200, description="Its name in mistakes and misses.")


class _EntryFilter(Parameters):
    kind: Annotated[list[EntryKind], BeforeValidator(_split_commas)] | None = Field(
        None, description="Entries of these kinds alone."
    )
    via: Annotated[list[Via], BeforeValidator(_split_commas)] | None = Field(
        None, description="Of calls that came in these ways alone."
    )
    endpoint: str | None = Field(None, description="Exact, or with * and ?: fal-ai/*.")
    request_id: str | None = Field(None, description="About one request alone.")


class JournalParameters(_EntryFilter):
    """Which entries; ``limit`` takes the newest, after ``since`` the oldest."""

    since: int | None = Field(None, ge=0, description="Those after the entry of this number.")
    limit: int = Field(MAX_ITEMS, ge=1, le=MAX_ITEMS, description="At most so many.")


class LiveParameters(_EntryFilter):
    """Which entries are told as they come."""

    since: int | None = Field(
        None, ge=0, description="Begin after the entry of this number; else with what comes next."
    )


class JobParameters(Parameters):
    """Which jobs; ``limit`` takes the newest."""

    state: Annotated[list[JobState], BeforeValidator(_split_commas)] | None = None
    endpoint: str | None = Field(None, description="Exact, or with * and ?: fal-ai/*.")
    limit: int = Field(MAX_ITEMS, ge=1, le=MAX_ITEMS)


class MissParameters(Parameters):
    """How misses are told; ``limit`` takes the newest."""

    details: bool = Field(False, description="As objects, each with the nearest exchanges.")
    limit: int = Field(MAX_ITEMS, ge=1, le=MAX_ITEMS)


class WebhookParameters(Parameters):
    """Which webhooks."""

    state: Annotated[list[Stage], BeforeValidator(_split_commas)] | None = None
    request_id: str | None = Field(None, description="Of one request alone.")


class AdvanceBody(_RequestModel):
    """How the clock moves: by a duration, or to an instant."""

    by: Duration | None = None
    to: Annotated[AwareDatetime, BeforeValidator(_require_text)] | None = None


class ResetBody(_RequestModel):
    """The clock that the tenant has afterwards; left out, one of the same kind."""

    clock: Literal["real", "instant", "manual"] | None = None


class RedeliverBody(_RequestModel):
    """Which webhook is sent again; none named means all that failed."""

    request_id: str | None = None


class PublishBody(_RequestModel):
    """How the keys of webhooks are published, as ``jwks`` of a scenario says; or a new key."""

    jwks: Any = None
    rotate: bool = False


class ApiModel(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Health(ApiModel):
    """It is alive."""

    status: Literal["ok"]


class Ready(ApiModel):
    """It listens on all its ports."""

    status: Literal["ready"]
    version: str
    scenarios: int
    exchanges: int


class Version(ApiModel):
    """Which fakefal this is; ``format`` is the version of scenario files."""

    version: str
    format: int
    python: str


class Tenant(ApiModel):
    """What one key has done. ``tenant`` stands for the key, of which a part is shown."""

    tenant: str
    key: str
    calls: int
    misses: int
    jobs: int
    own_exchanges: int
    clock: str


class Clock(ApiModel):
    """The clock: an instant in seconds since 1970, and as text."""

    kind: Literal["real", "scaled", "instant", "manual"]
    now: float
    iso: str


class ExchangeUse(ApiModel):
    """An exchange, where it is written, and how many calls it has answered."""

    label: str
    location: str
    used: int
    times: int | None
    is_used_up: bool
    exchange: dict[str, Any]


class Scenarios(ApiModel):
    """What is served: what was sent for this key, then what was loaded at start or sent for all."""

    unmatched: Literal["fail", "generate"]
    seed: int
    defaults: dict[str, Any]
    own: list[ExchangeUse]
    loaded: list[ExchangeUse]


class LoadResult(ApiModel):
    """A scenario that is served now."""

    file: str
    name: str | None
    exchanges: int
    total: int


class ClearResult(ApiModel):
    """What was sent is forgotten."""

    cleared: Literal[True]


class ResetResult(ApiModel):
    """The tenant begins anew."""

    reset: Literal[True]


class JournalEntry(ApiModel):
    """A line of the journal; ``number`` counts from 1 for each tenant."""

    number: int
    at: str
    kind: EntryKind
    request_id: str
    status: int
    endpoint: str | None = None
    via: Via | None = None
    input: Any = None
    headers: dict[str, str] | None = None
    exchange: str | None = None
    note: str | None = None
    miss: str | None = None


class Job(ApiModel):
    """A queue request and where it is."""

    request_id: str
    endpoint: str
    state: JobState
    created_at: str
    ended_at: str | None
    exchange: str
    attempt: int
    gateway_request_id: str


class Step(ApiModel):
    """A step of a timeline."""

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
    """All about a job: what was asked, its timeline, the step it is in, its logs and its end."""

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
    """An exchange that did not answer, and the first reason why."""

    exchange: str
    location: str
    distance: float
    difference: str


class MissDetails(ApiModel):
    """A call that met no exchange."""

    text: str
    endpoint: str
    via: Via
    input: Any
    nearest: list[NearMiss]


Miss = str | MissDetails


class Attempt(ApiModel):
    """One attempt to deliver a webhook."""

    at: str
    seconds: float
    status: int | None
    body: str
    failure: str


class Delivery(ApiModel):
    """A webhook and its attempts."""

    number: int
    request_id: str
    url: str
    copy_: int = Field(alias="copy")
    state: Stage
    why: str
    due: str | None
    attempts: list[Attempt]


class Jwks(ApiModel):
    """A JSON Web Key Set."""

    keys: list[dict[str, Any]]


class File(ApiModel):
    """A file that is kept."""

    url: str
    file_name: str
    content_type: str
    file_size: int
    origin: Literal["upload", "output"]
    expires_at: str | None


class ScenarioProblem(ApiModel):
    """One thing that is wrong in a scenario."""

    file: str
    line: int
    column: int
    path: str
    what: str
    right: str


class ErrorBody(ApiModel):
    """Why something cannot be answered. ``mistakes`` are of a scenario, ``routes`` those known."""

    detail: str
    problems: list[ScenarioProblem] | None = None
    routes: list[str] | None = None
