"""Compiled routes, and how close each came to matching a request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fakefal.protocol.core.call import Outcome
from fakefal.protocol.core.route_request import RouteRequest
from fakefal.scenario.compiled.faults import FaultSequence
from fakefal.scenario.matching.condition import distance
from fakefal.scenario.matching.matchers import Difference
from fakefal.scenario.matching.route_condition import RouteCondition
from fakefal.scenario.media.assets import Asset
from fakefal.scenario.templates.templates import TemplateValue

if TYPE_CHECKING:
    from fakefal.scenario.model.routes import RouteSpec

RouteFailure = Callable[[dict[str, Any]], Outcome]
"""Makes the failure of a reply from the variables of its templates."""


@dataclass(frozen=True, slots=True)
class CompiledChunk:
    """A chunk of a streamed body: a value to encode, or bytes; or a pause before the next one.

    ``kind``: ``text``, ``json``, ``event``, ``base64``; empty for ``data``.
    """

    kind: str = ""
    value: TemplateValue | None = None
    data: bytes = b""
    event_name: str = ""
    pause_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class CompiledStream:
    """``slice_bytes`` 0 does not split chunks."""

    chunks: tuple[CompiledChunk, ...]
    first_seconds: float = 0.0
    every_seconds: float = 0.0
    slice_bytes: int = 0

    @property
    def is_event_stream(self) -> bool:
        """Whether it has server-sent events, so that its content type is theirs."""
        return any(chunk.kind == "event" for chunk in self.chunks)


@dataclass(frozen=True, slots=True, eq=False)
class CompiledRouteReply:
    """A response with its templates parsed. ``status`` None is 200, or that of the built-in one.

    ``assets`` are the files that its JSON refers to, by name.
    """

    is_builtin: bool = False
    status: int | None = None
    headers: TemplateValue | None = None
    content_type: str | None = None
    json: TemplateValue | None = None
    text: TemplateValue | None = None
    base64: TemplateValue | None = None
    file: Asset | None = None
    stream: CompiledStream | None = None
    fail: RouteFailure | None = None
    pause_seconds: float = 0.0
    faults: FaultSequence | None = None
    assets: tuple[tuple[str, Asset], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class CompiledRoute:
    """A route with its condition and replies compiled; ``capacity`` None is unlimited.

    ``location`` is the line and the file it was read from, empty for one that was built in Python.
    """

    model: RouteSpec
    condition: RouteCondition
    replies: tuple[CompiledRouteReply, ...]
    capacity: int | None
    label: str
    location: str = ""

    def reply_for(self, used: int) -> CompiledRouteReply:
        """The reply to the next request, after ``used`` others were answered."""
        if used < len(self.replies):
            return self.replies[used]
        if self.model.then == "cycle":
            return self.replies[used % len(self.replies)]
        return self.replies[-1]


@dataclass(frozen=True, slots=True)
class RouteNearMiss:
    """A route that did not match a request: its distance, and all differences."""

    route: CompiledRoute
    distance: float
    differences: tuple[Difference, ...]

    @property
    def matched(self) -> CompiledRoute:
        """What nearly matched."""
        return self.route

    @property
    def brief(self) -> str:
        """The route, and the first difference."""
        location = f" ({self.route.location})" if self.route.location else ""
        return f"{self.route.label}{location}: {self.differences[0]}"

    def __str__(self) -> str:
        return self.brief


def route_near_miss(
    route: CompiledRoute, request: RouteRequest, is_used_up: Callable[[CompiledRoute], bool]
) -> RouteNearMiss:
    """Why a route did not answer a request that it did not match, or matched but is used up."""
    differences = route.condition.differences(request)
    if not differences and is_used_up(route):
        noun = "request" if route.capacity == 1 else "requests"
        text = f"used up: it has answered {route.capacity} {noun}"
        differences = [Difference("matches, but is", text, 0.1)]
    return RouteNearMiss(route, distance(differences), tuple(differences))
