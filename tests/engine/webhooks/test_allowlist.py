"""Where webhooks may be sent."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.engine.webhooks.allowlist import WebhookAllowlist, is_local

LOCAL = [
    "127.0.0.1",
    "127.9.9.9",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "::1",
    "[::1]",
    "fd00::1",
    "::ffff:127.0.0.1",
]
PUBLIC = [
    "93.184.216.34",
    "8.8.8.8",
    "172.32.0.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "2606:2800:220:1::1",
    "::ffff:8.8.8.8",
    "fe80::1",
    "224.0.0.1",
    "no address",
]


def test_only_loopback_and_private_addresses_are_local() -> None:
    allowlist = WebhookAllowlist()
    assert [address for address in LOCAL + PUBLIC if is_local(address)] == LOCAL
    assert [address for address in LOCAL if allowlist.reason_blocked("http", address)] == []


@given(st.ip_addresses())
def test_no_public_address_is_local(address: object) -> None:
    found = ip_address(str(address))
    assert not (is_local(str(address)) and found.is_global)


def test_a_public_address_is_blocked_with_the_option_that_allows_it() -> None:
    assert WebhookAllowlist().reason_blocked("https", "8.8.8.8") == (
        "8.8.8.8 is neither loopback nor private — allow it with --webhook-allow 8.8.8.8"
    )
    assert WebhookAllowlist().reason_address_blocked("example.com", "8.8.8.8") == (
        "example.com is 8.8.8.8, which is neither loopback nor private — allow it with "
        "--webhook-allow example.com"
    )


def test_an_allowed_host_can_have_any_address() -> None:
    allowlist = WebhookAllowlist(["Example.com.", "8.8.8.8"])
    assert allowlist.reason_address_blocked("EXAMPLE.com", "8.8.4.4") == ""
    assert allowlist.reason_blocked("http", "8.8.8.8") == ""
    assert allowlist.reason_address_blocked("sub.example.com", "8.8.4.4") != ""


def test_a_host_name_is_checked_by_its_address() -> None:
    assert WebhookAllowlist().reason_blocked("http", "localhost") == ""
    assert WebhookAllowlist().reason_address_blocked("anything", "10.1.2.3") == ""


@pytest.mark.parametrize(("scheme", "host"), [("ftp", "127.0.0.1"), ("", ""), ("http", "")])
def test_a_url_that_is_not_http_is_blocked(scheme: str, host: str) -> None:
    assert WebhookAllowlist().reason_blocked(scheme, host)


def test_a_number_is_not_taken_for_a_host_name() -> None:
    numbers = ("134744072", "0x8080808", "8.8.2056", "010.8.8.8", "1.2.3.0x4", "8.8.8.8.8")
    reasons = [WebhookAllowlist().reason_blocked("http", host) for host in numbers]
    assert [reason for reason in reasons if "is a number, not a host name" not in reason] == []
    assert WebhookAllowlist().reason_blocked("http", "1.2.3.a4") == ""
