"""The queue requests of a test: what they are now, and what can be waited for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Condition:
    """Something that is true or not yet: call it, or use it as a truth value."""

    def __init__(self, told: str, ask: Callable[[], bool]) -> None:
        self._told = told
        self._ask = ask

    def __call__(self) -> bool:
        return self._ask()

    def __bool__(self) -> bool:
        return self._ask()

    def __repr__(self) -> str:
        return self._told


class JobRecord(dict[str, Any]):
    """A queue request as it was when it was asked for: ``job["state"]`` or ``job.state``.

    ``completed``, ``running`` and ``cancelled`` are conditions: they look again whenever they are
    asked, so that time can be moved until they hold.
    """

    def __init__(self, data: dict[str, Any], look: Callable[[str], str]) -> None:
        super().__init__(data)
        self._look = look

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"a job has no {name} — it has {', '.join(self)}") from None

    @property
    def completed(self) -> Condition:
        """Whether it has ended, with an output or a failure."""
        return self._is("completed")

    @property
    def running(self) -> Condition:
        """Whether a runner has it."""
        return self._is("running")

    @property
    def cancelled(self) -> Condition:
        """Whether it was cancelled in the queue."""
        return self._is("cancelled")

    def _is(self, state: str) -> Condition:
        id_ = self["request_id"]
        return Condition(f"{id_} is {state}", lambda: self._look(id_) == state)
