"""Attributes and variables changed for a while, and put back in the opposite order."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

_ENVIRONMENT = os.environ  # noqa: TID251 - tests hand it on to the code under test

_MISSING = object()


class Patches:
    """What was changed, each with how to undo it. It needs no pytest, as users of unittest have
    none."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], None]] = []

    def attribute(self, target: Any, name: str, value: Any) -> None:
        """Set an attribute of a module, class or object."""
        own = vars(target)
        before = own.get(name, _MISSING)
        setattr(target, name, value)

        def undo() -> None:
            if before is _MISSING:
                delattr(target, name)
            else:
                setattr(target, name, before)

        self._undo.append(undo)

    def variable(self, name: str, value: str) -> None:
        """Set an environment variable."""
        before = _ENVIRONMENT.get(name)
        _ENVIRONMENT[name] = value

        def undo() -> None:
            if before is None:
                _ENVIRONMENT.pop(name, None)
            else:
                _ENVIRONMENT[name] = before

        self._undo.append(undo)

    def later(self, undo: Callable[[], None]) -> None:
        """Have something done when all is undone."""
        self._undo.append(undo)

    def undo(self) -> None:
        """Put everything back, the last change first."""
        while self._undo:
            self._undo.pop()()


def environment() -> dict[str, str]:
    """The environment of this process as it is now."""
    return dict(_ENVIRONMENT)


def variable(name: str) -> str:
    """An environment variable as it is now; empty if it is not set."""
    return _ENVIRONMENT.get(name, "")
