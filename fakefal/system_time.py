"""The time of the operating system, also where a test has frozen or moved the time of the process.

freezegun replaces the functions of ``time`` in every module that has them; time-machine changes
what the functions themselves return. Both keep the real ones. A patch of ``time.time`` by hand does
not reach the functions that were stored here before.
"""

from __future__ import annotations

import datetime
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_STORED: dict[str, Any] = {
    "time": time.time,
    "monotonic": time.monotonic,
    "datetime": datetime.datetime,
}
"""In a dict, as freezegun replaces the names of a module."""


def now() -> float:
    """Seconds since 1970, UTC.

    Source: client (time-machine 3.6.0: it changes ``time.time`` itself, not ``time.monotonic``, and
    its ``escape_hatch`` raises ValueError while it does not travel).
    """
    machine = sys.modules.get("time_machine")
    if machine is not None:
        try:
            return float(machine.escape_hatch.time.time())
        except (AttributeError, ValueError):
            pass  # an old version, or it does not travel now
    return float(_real("time")())


def monotonic() -> float:
    """Seconds since some instant; never goes backwards."""
    return float(_real("monotonic")())


def utc_now() -> datetime.datetime:
    """The current time, with the time zone UTC."""
    moment: datetime.datetime = _real("datetime").fromtimestamp(now(), datetime.timezone.utc)
    return moment


@contextmanager
def real_datetime() -> Iterator[None]:
    """Inside the block ``datetime.datetime`` is the class that freezegun replaced.

    For libraries that look it up once and keep it, such as cryptography: after the frozen test they
    would refuse every other ``datetime``.
    """
    replaced = datetime.datetime
    vars(datetime)["datetime"] = _real("datetime")
    try:
        yield
    finally:
        vars(datetime)["datetime"] = replaced


def is_patched() -> bool:
    """Whether the monotonic time of this process may stand still, and with it asyncio's timers."""
    return time.monotonic is not _real("monotonic")


def _real(name: str) -> Any:
    """``time.time``, ``time.monotonic`` or ``datetime.datetime`` from before freezegun replaced it.

    Source: client (freezegun 1.5.5 api.py ``real_time`` and the like).
    """
    freezegun = sys.modules.get("freezegun.api")
    if freezegun is not None:
        stored = getattr(freezegun, f"real_{name}", None)
        _STORED[name] = _STORED[name] if stored is None else stored
    return _STORED[name]
