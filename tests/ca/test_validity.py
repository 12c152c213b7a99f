from __future__ import annotations

from datetime import timedelta

from fakefal.ca.validity import expires_soon, leaf_validity, now


def test_a_leaf_is_valid_for_as_long_as_browsers_allow() -> None:
    since, until = leaf_validity()
    assert since < now() < until
    assert timedelta(days=300) < until - since <= timedelta(days=398)


def test_a_certificate_expires_soon_within_a_month() -> None:
    assert expires_soon(now() - timedelta(days=1))
    assert expires_soon(now() + timedelta(days=29))
    assert not expires_soon(now() + timedelta(days=31))
