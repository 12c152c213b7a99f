"""Replaces attributes of modules and classes, beside other plugins that replace the same ones."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

_MISSING = object()


def replace_attribute(patches: ExitStack, target: Any, name: str, value: Any) -> None:
    """Set an attribute until the stack is closed.

    What another plugin has set meanwhile stays: pytest-socket takes its guard back before fixtures
    end, and ``mock.patch`` would put that guard there again, for all later tests.
    """
    own = vars(target).get(name, _MISSING)  # without what a class inherits
    setattr(target, name, value)
    patches.callback(_restore, target, name, value, own)


def _restore(target: Any, name: str, value: Any, own: Any) -> None:
    if vars(target).get(name) is not value:
        return
    if own is _MISSING:
        delattr(target, name)
    else:
        setattr(target, name, own)
