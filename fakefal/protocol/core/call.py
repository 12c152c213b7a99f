"""A call to a model, and its outcome, independent of the transport."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from fakefal.protocol.core.endpoints import EndpointId
from fakefal.protocol.core.platform_options import DEFAULT_OPTIONS, PlatformOptions

Json = Any
"""Any JSON value of a request, a response or a scenario."""

Via = Literal["queue", "run", "stream", "ws", "realtime", "socket"]
"""The transport of a call: ``ws`` is HTTP over a WebSocket, ``socket`` an app's own WebSocket."""

VIAS: tuple[Via, ...] = get_args(Via)

FailsAt = Literal["submit", "result"]
"""Which response of the queue carries a failure."""


@dataclass(slots=True)
class Call:
    """A request to run a model.

    ``headers`` have lower-case names and no credentials. ``validation_errors`` is the ``detail``
    list for a body that is not JSON. ``fingerprint`` is a digest of the body's bytes: calls of one
    client with equal input have equal ones. ``normalized_input`` is the input of an
    OpenAI-compatible endpoint with ``prompt`` and ``system_prompt`` added, else None.
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
    """The engine's resolution, where a callable reply had to be awaited before the call."""
    public_url: Callable[[str], str] | None = field(default=None, compare=False, repr=False)
    """Of a call with a webhook: turns a file's URL into one that the caller can reach."""

    @property
    def matcher_input(self) -> Json:
        """The input that matchers and templates see."""
        return self.input if self.normalized_input is None else self.normalized_input


@dataclass(frozen=True, slots=True)
class Outcome:
    """The HTTP response to a call: the model's output, or a failure.

    ``payload`` is the encoded ``body``. ``error`` and ``error_type`` are fields of the queue's
    status. ``headers`` are sent in addition to those of every response.
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
    """Whether the response has an ``x-fal-request-id``; a page of the load balancer has none."""
    file_urls: tuple[str, ...] = ()
    """URLs in the body of files that the fake serves, with fal's hosts.

    Handlers replace the host by one that the caller can reach.
    """

    @property
    def is_success(self) -> bool:
        """Whether the body is the model's output."""
        return self.status < 400
