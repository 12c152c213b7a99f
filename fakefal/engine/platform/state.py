"""Workflows, key-value entries and repeated responses of an account."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from fakefal.engine.core.clock import Clock
from fakefal.protocol.core.call import Json
from fakefal.protocol.platform_api.billing import IDEMPOTENCY_SECONDS

_MAX_ITEMS = 1_000


@dataclass(frozen=True, slots=True)
class WorkflowDefinition:
    """A workflow that was created through the API; ``contents`` are its nodes as sent."""

    name: str
    title: str
    contents: dict[str, Json]
    is_public: bool
    created_at: float


_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class PlatformState:
    """At most a thousand entries of each kind; the oldest is dropped first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._workflows: OrderedDict[str, WorkflowDefinition] = OrderedDict()
        self._values: OrderedDict[tuple[str, str], tuple[str, float]] = OrderedDict()
        self._responses: OrderedDict[tuple[str, ...], tuple[float, int, bytes]] = OrderedDict()

    # Workflows

    def add_workflow(
        self, name: str, title: str, contents: dict[str, Json], *, is_public: bool
    ) -> WorkflowDefinition:
        """Store a workflow; one of the same name is replaced."""
        now = self._clock.now()
        workflow = WorkflowDefinition(name, title, contents, is_public, now)
        _put(self._workflows, name, workflow)
        return workflow

    def find_workflow(self, name: str) -> WorkflowDefinition | None:
        """A workflow by its name."""
        return self._workflows.get(name)

    def remove_workflow(self, name: str) -> bool:
        """Remove a workflow; False if there is none."""
        return self._workflows.pop(name, None) is not None

    def workflows(self) -> Iterator[WorkflowDefinition]:
        """The workflows, newest first."""
        return iter(reversed(list(self._workflows.values())))

    # Key-value store

    def set_value(self, database: str, key: str, value: str, seconds: float) -> None:
        """Store a value for some seconds."""
        expires_at = self._clock.later(self._clock.now(), seconds)
        _put(self._values, (database, key), (value, expires_at))

    def value(self, database: str, key: str) -> str | None:
        """A value; None if there is none, or if it has expired."""
        value, expires_at = self._values.get((database, key), ("", 0.0))
        return value if self._clock.now() < expires_at else None

    def remove_value(self, database: str, key: str) -> None:
        """Remove a value, if there is one."""
        self._values.pop((database, key), None)

    # Idempotency

    def repeated_response(self, *request: str) -> tuple[int, bytes] | None:
        """Status and body of the first response to a request with the same Idempotency-Key.

        Source: documented (docs/reference/platform-api.md#errors)
        """
        expires_at, status, payload = self._responses.get(request, (0.0, 0, b""))
        return (status, payload) if self._clock.now() < expires_at else None

    def keep_response(self, status: int, payload: bytes, *request: str) -> None:
        """Keep a response for ten minutes."""
        expires_at = self._clock.later(self._clock.now(), IDEMPOTENCY_SECONDS)
        _put(self._responses, request, (expires_at, status, payload))


def _put(table: OrderedDict[_Key, _Value], key: _Key, value: _Value) -> None:
    table.pop(key, None)
    table[key] = value
    if len(table) > _MAX_ITEMS:
        table.popitem(last=False)
