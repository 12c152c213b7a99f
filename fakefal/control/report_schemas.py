"""Schemas of responses to a test: an exchange that was set, webhooks, the report at its end."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from fakefal.engine.webhooks.deliveries import Stage
from fakefal.protocol.core.call import Via


class _ReportModel(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SpendRow(_ReportModel):
    """A call that fal would bill."""

    endpoint: str
    via: Via
    input: Any
    request_id: str
    units: float
    is_collected: bool


class Report(_ReportModel):
    """What a test reads at its end.

    ``misses`` is a text, empty if every call was answered; ``clock`` says what a clock that stands
    still is waiting for; the lists have a line per finding.
    """

    miss_count: int
    misses: str
    unused: list[str]
    uncollected: list[str]
    undelivered: list[str]
    refused: list[str]
    billed: list[SpendRow]
    clock: str
    timeline: str


class ExchangeResult(_ReportModel):
    """An exchange that was set; ``total`` counts all exchanges sent so far."""

    index: int
    total: int


class Attempt(_ReportModel):
    """One attempt to deliver a webhook."""

    at: str
    seconds: float
    status: int | None
    body: str
    failure: str


class Delivery(_ReportModel):
    """A webhook and its attempts."""

    number: int
    request_id: str
    url: str
    copy_: int = Field(alias="copy")
    state: Stage
    why: str
    due: str | None
    attempts: list[Attempt]


class Jwks(_ReportModel):
    """A JSON Web Key Set."""

    keys: list[dict[str, Any]]
