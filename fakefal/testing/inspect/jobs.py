"""The queue requests of a test, with conditions for ``clock.run_until``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class JobCondition:
    """A condition that reads the job's present state when it is called or used as a bool."""

    def __init__(self, description: str, check: Callable[[], bool]) -> None:
        self._description = description
        self._check = check

    def __call__(self) -> bool:
        return self._check()

    def __bool__(self) -> bool:
        return self._check()

    def __repr__(self) -> str:
        return self._description


class JobRecord(dict[str, Any]):
    """A snapshot of a queue request: ``job["state"]`` or ``job.state``.

    ``completed``, ``running`` and ``cancelled`` are live conditions: ``run_until(job.completed)``.
    """

    def __init__(self, data: dict[str, Any], read_state: Callable[[str], str]) -> None:
        super().__init__(data)
        self._read_state = read_state

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"a job has no {name} — it has {', '.join(self)}") from None

    @property
    def completed(self) -> JobCondition:
        """Whether it has ended, with an output or an error."""
        return self._condition("completed")

    @property
    def running(self) -> JobCondition:
        """Whether a runner is executing it."""
        return self._condition("running")

    @property
    def cancelled(self) -> JobCondition:
        """Whether it was cancelled while it was queued."""
        return self._condition("cancelled")

    def _condition(self, state: str) -> JobCondition:
        id_ = self["request_id"]
        return JobCondition(f"{id_} is {state}", lambda: self._read_state(id_) == state)
