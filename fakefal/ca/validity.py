"""How long certificates are good: the one place that asks for the day it really is.

Who checks a certificate goes by the real clock, whatever that of a scenario shows.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

_LEAF_VALIDITY = timedelta(days=397)
"""Apple and Chromium take no server's certificate for more than 398 days."""

_BACKDATED_BY = timedelta(days=1)
"""A certificate is good since yesterday: not all clocks of a test bed agree."""

_RENEW_WITHIN = timedelta(days=30)


def now() -> datetime:
    """This instant."""
    return datetime.now(timezone.utc)


def leaf_validity() -> tuple[datetime, datetime]:
    """Since when and until when a certificate made now is good."""
    issued_at = now().replace(microsecond=0)
    return issued_at - _BACKDATED_BY, issued_at + _LEAF_VALIDITY


def expires_soon(expiry: datetime) -> bool:
    """Whether something that is good until then is no longer, or not for long."""
    return expiry - now() < _RENEW_WITHIN
