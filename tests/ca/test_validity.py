from __future__ import annotations

from datetime import timedelta

from fakefal.ca.validity import is_ending, leaf_span, now


def test_a_leaf_is_good_for_as_long_as_browsers_allow() -> None:
    since, until = leaf_span()
    assert since < now() < until
    assert timedelta(days=300) < until - since <= timedelta(days=398)


def test_what_ends_within_a_month_is_ending() -> None:
    assert is_ending(now() - timedelta(days=1))
    assert is_ending(now() + timedelta(days=29))
    assert not is_ending(now() + timedelta(days=31))
