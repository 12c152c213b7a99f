"""One inference asked for, and how it ended, in fal's terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from fakefal.protocol.core.endpoints import EndpointId
from fakefal.protocol.core.platform_options import DEFAULT_OPTIONS, PlatformOptions

Json = Any
"""Any JSON value: the user's or the model's, never ours."""

Via = Literal["queue", "run", "stream", "ws", "realtime", "socket"]
"""How a call came: ``ws`` is HTTP over a WebSocket, ``socket`` a WebSocket of an app's own."""

VIAS: tuple[Via, ...] = get_args(Via)

FailsAt = Literal["submit", "result"]
"""Where a queue caller meets a failure: refused at submit, or told with the result."""


@dataclass(slots=True)
class Call:
    """One inference asked for.

    ``headers`` have lower-case names and hold no credentials. ``flaws`` is what is wrong with a
    body that is not JSON at all, as the ``detail`` list that the app would answer. ``fingerprint``
    stands for the body as it came; calls of the same client with the same input have the same.
    ``read_as`` is the input in other words, for matchers and templates, where it has any.
    """

    endpoint: EndpointId
    via: Via
    input: Json
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "POST"
    webhook: str | None = None
    validation_errors: tuple[Json, ...] = ()
    fingerprint: bytes = b""
    platform_options: PlatformOptions = DEFAULT_OPTIONS
    normalized_input: Json = None
    resolution: Any = field(default=None, compare=False, repr=False)
    """What the engine has already found for it, where that took waiting."""

    @property
    def matcher_input(self) -> Json:
        """The input as matchers and templates read it."""
        return self.input if self.normalized_input is None else self.normalized_input


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call ends: the answer of the model, or a failure, as the wire shows it.

    ``payload`` is ``body`` as bytes ready to send. ``error`` and ``error_type`` are what the
    queue's status says about it. ``headers`` are those that only this answer has. ``moment`` says
    where a queue caller meets it.
    """

    status: int
    body: Json
    payload: bytes
    headers: tuple[tuple[str, str], ...] = ()
    error: str | None = None
    error_type: str | None = None
    content_type: str = "application/json"
    fails_at: FailsAt = "result"
    has_request_id: bool = True
    """Whether the answer carries ``x-fal-request-id``; an ingress page does not."""
    file_urls: tuple[str, ...] = ()
    """URLs of our own files in the body, under fal's names; each caller gets them in its form."""

    @property
    def is_success(self) -> bool:
        """Whether the model answered with an output."""
        return self.status < 400
