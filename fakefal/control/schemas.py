"""The shapes of what the control API takes and gives: its description is made of them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from fakefal.engine.core.journal import Kind
from fakefal.engine.webhooks.deliveries import Stage
from fakefal.protocol.core.call import Via
from fakefal.scenario.model.fields import Duration
from fakefal.scenario.model.scenario import Scenario

__all__ = ["Scenario"]

State = Literal["queued", "running", "completed", "cancelled"]
MOST = 10_000
"""The most entries of a list that are given at once."""


def _many(value: Any) -> Any:
    return value.split(",") if isinstance(value, str) else value


def _written(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("is no instant as text, such as 2026-01-01T00:05:00Z")
    return value


class _Given(BaseModel):
    """What is asked for; a word that is not known is refused."""

    model_config = ConfigDict(extra="forbid")


class NoParameters(_Given):
    """A route without parameters."""


class Parameters(_Given):
    """Whose tenant is meant, where no key says it."""

    tenant: str | None = Field(
        None,
        description="A tenant of /_fakefal/tenants instead of a key; nobody: callers without one; "
        "all: the whole server (scenarios and reset).",
    )


class SentParameters(Parameters):
    """How a scenario that is sent is called."""

    file: str = Field("scenario", max_length=200, description="Its name in mistakes and misses.")


class _Filter(Parameters):
    kind: Annotated[list[Kind], BeforeValidator(_many)] | None = Field(
        None, description="Entries of these kinds alone."
    )
    via: Annotated[list[Via], BeforeValidator(_many)] | None = Field(
        None, description="Of calls that came in these ways alone."
    )
    endpoint: str | None = Field(None, description="Exact, or with * and ?: fal-ai/*.")
    request_id: str | None = Field(None, description="About one request alone.")


class JournalParameters(_Filter):
    """Which entries; ``limit`` takes the newest, after ``since`` the oldest."""

    since: int | None = Field(None, ge=0, description="Those after the entry of this number.")
    limit: int = Field(MOST, ge=1, le=MOST, description="At most so many.")


class LiveParameters(_Filter):
    """Which entries are told as they come."""

    since: int | None = Field(
        None, ge=0, description="Begin after the entry of this number; else with what comes next."
    )


class JobParameters(Parameters):
    """Which jobs; ``limit`` takes the newest."""

    state: Annotated[list[State], BeforeValidator(_many)] | None = None
    endpoint: str | None = Field(None, description="Exact, or with * and ?: fal-ai/*.")
    limit: int = Field(MOST, ge=1, le=MOST)


class MissParameters(Parameters):
    """How misses are told; ``limit`` takes the newest."""

    details: bool = Field(False, description="As objects, each with the nearest exchanges.")
    limit: int = Field(MOST, ge=1, le=MOST)


class WebhookParameters(Parameters):
    """Which webhooks."""

    state: Annotated[list[Stage], BeforeValidator(_many)] | None = None
    request_id: str | None = Field(None, description="Of one request alone.")


class Advance(_Given):
    """How the clock moves: by a duration, or to an instant."""

    by: Duration | None = None
    to: Annotated[AwareDatetime, BeforeValidator(_written)] | None = None


class ResetBody(_Given):
    """The clock that the tenant has afterwards; left out, one of the same kind."""

    clock: Literal["real", "instant", "manual"] | None = None


class Redeliver(_Given):
    """Which webhook is sent again; none named means all that failed."""

    request_id: str | None = None


class Publish(_Given):
    """How the keys of webhooks are published, as ``jwks`` of a scenario says; or a new key."""

    jwks: Any = None
    rotate: bool = False


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Health(_Answer):
    """It is alive."""

    status: Literal["ok"]


class Ready(_Answer):
    """It listens on all its ports."""

    status: Literal["ready"]
    version: str
    scenarios: int
    exchanges: int


class Version(_Answer):
    """Which fakefal this is; ``format`` is the version of scenario files."""

    version: str
    format: int
    python: str


class Tenant(_Answer):
    """What one key has done. ``tenant`` stands for the key, of which a part is shown."""

    tenant: str
    key: str
    calls: int
    misses: int
    jobs: int
    own_exchanges: int
    clock: str


class Clock(_Answer):
    """The clock: an instant in seconds since 1970, and as text."""

    kind: Literal["real", "scaled", "instant", "manual"]
    now: float
    iso: str


class ExchangeUse(_Answer):
    """An exchange, where it is written, and how many calls it has answered."""

    label: str
    place: str
    used: int
    times: int | None
    is_used_up: bool
    exchange: dict[str, Any]


class Scenarios(_Answer):
    """What is served: what was sent for this key, then what was loaded at start or sent for all."""

    unmatched: Literal["fail", "generate"]
    seed: int
    circumstances: dict[str, Any]
    own: list[ExchangeUse]
    loaded: list[ExchangeUse]


class Taken(_Answer):
    """A scenario that is served now."""

    file: str
    name: str | None
    exchanges: int
    in_all: int


class Cleared(_Answer):
    """What was sent is forgotten."""

    cleared: Literal[True]


class Reset(_Answer):
    """The tenant begins anew."""

    reset: Literal[True]


class Entry(_Answer):
    """A line of the journal; ``number`` counts from 1 for each tenant."""

    number: int
    at: str
    kind: Kind
    request_id: str
    status: int
    endpoint: str | None = None
    via: Via | None = None
    input: Any = None
    headers: dict[str, str] | None = None
    exchange: str | None = None
    note: str | None = None
    miss: str | None = None


class Job(_Answer):
    """A queue request and where it is."""

    request_id: str
    endpoint: str
    state: State
    created_at: str
    ended_at: str | None
    exchange: str
    attempt: int
    gateway_request_id: str


class Step(_Answer):
    """A step of a timeline."""

    state: Literal["IN_QUEUE", "IN_PROGRESS"]
    polls: int
    seconds: float | None
    queue_position: int | None


class Log(_Answer):
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


class NearMiss(_Answer):
    """An exchange that did not answer, and the first reason why."""

    exchange: str
    place: str
    distance: float
    difference: str


class MissDetails(_Answer):
    """A call that met no exchange."""

    text: str
    endpoint: str
    via: Via
    input: Any
    nearest: list[NearMiss]


Miss = str | MissDetails


class Attempt(_Answer):
    """One attempt to deliver a webhook."""

    at: str
    seconds: float
    status: int | None
    body: str
    failure: str


class Delivery(_Answer):
    """A webhook and its attempts."""

    number: int
    request_id: str
    url: str
    copy_: int = Field(alias="copy")
    state: Stage
    why: str
    due: str | None
    attempts: list[Attempt]


class Jwks(_Answer):
    """A JSON Web Key Set."""

    keys: list[dict[str, Any]]


class File(_Answer):
    """A file that is kept."""

    url: str
    file_name: str
    content_type: str
    file_size: int
    origin: Literal["upload", "output"]
    expires_at: str | None


class Mistake(_Answer):
    """One thing that is wrong in a scenario."""

    file: str
    line: int
    column: int
    path: str
    what: str
    right: str


class Refusal(_Answer):
    """Why something cannot be answered. ``mistakes`` are of a scenario, ``routes`` those known."""

    detail: str
    mistakes: list[Mistake] | None = None
    routes: list[str] | None = None
