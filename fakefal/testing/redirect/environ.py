"""The environment variables of this process, as the code under test sees them."""

from __future__ import annotations

import os
from contextlib import ExitStack

_ENVIRON = os.environ  # noqa: TID251 - fakefal's own settings are read in settings.py alone


def current_environment() -> dict[str, str]:
    """A copy of the environment, with what tests have set."""
    return dict(_ENVIRON)


def read_variable(name: str) -> str:
    """The value of a variable; empty if it is not set."""
    return _ENVIRON.get(name, "")


def set_variable(stack: ExitStack, name: str, value: str) -> None:
    """Set a variable until the stack is closed.

    ``mock.patch.dict`` would restore the whole environment, and so undo what the code under test
    has set meanwhile.
    """
    stack.callback(_restore, name, _ENVIRON.get(name))
    _ENVIRON[name] = value


def _restore(name: str, value: str | None) -> None:
    if value is None:
        _ENVIRON.pop(name, None)
    else:
        _ENVIRON[name] = value
