"""The queue requests of a test: what they are now, and what can be waited for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class JobCondition:
    """Something that is true or not yet: call it, or use it as a truth value."""

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
    """A queue request as it was when it was asked for: ``job["state"]`` or ``job.state``.

    ``completed``, ``running`` and ``cancelled`` are conditions: they look again whenever they are
    asked, so that time can be moved until they hold.
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
        """Whether it has ended, with an output or a failure."""
        return self._condition("completed")

    @property
    def running(self) -> JobCondition:
        """Whether a runner has it."""
        return self._condition("running")

    @property
    def cancelled(self) -> JobCondition:
        """Whether it was cancelled in the queue."""
        return self._condition("cancelled")

    def _condition(self, state: str) -> JobCondition:
        id_ = self["request_id"]
        return JobCondition(f"{id_} is {state}", lambda: self._read_state(id_) == state)
