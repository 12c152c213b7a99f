"""Validity of certificates, by the real clock.

Programs verify certificates against real time, whatever the clock of a scenario shows, and whatever
time a test has frozen: a certificate outlives the test that is the first to need it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from fakefal import system_time

_LEAF_VALIDITY = timedelta(days=397)
"""Apple and Chromium reject server certificates that are valid for more than 398 days.

https://support.apple.com/HT211025
"""

_BACKDATED_BY = timedelta(days=1)
"""Certificates are backdated, as the clocks of containers and hosts may differ."""

_RENEW_WITHIN = timedelta(days=30)


def now() -> datetime:
    """The current real time, in UTC."""
    return system_time.utc_now()


def leaf_validity() -> tuple[datetime, datetime]:
    """Start and end of the validity of a certificate that is issued now."""
    issued_at = now().replace(microsecond=0)
    return issued_at - _BACKDATED_BY, issued_at + _LEAF_VALIDITY


def expires_soon(expiry: datetime) -> bool:
    """Whether a certificate with this end has expired or soon will."""
    return expiry - now() < _RENEW_WITHIN
