from __future__ import annotations

from typing import Any

import pytest

from fakefal.control.guard import AccessGuard, Caller, authority_of, is_loopback, new_token
from fakefal.protocol.errors.errors import ApiError

LOOPBACK = AccessGuard(["127.0.0.1"], ["fake.test"], None)
EVERYWHERE = AccessGuard(["0.0.0.0"], ["fake.test"], "right")


def status(
    guard: AccessGuard, host: str = "127.0.0.1:8787", public: bool = False, **fields: Any
) -> int:
    caller = Caller("GET", (host,), **fields)
    try:
        guard.check(caller, is_public=public)
    except ApiError as error:
        return error.status
    return 200


def test_loopback_and_configured_names_are_allowed() -> None:
    hosts = [
        "127.0.0.1:8787",
        "127.0.0.1",
        "127.1.2.3:1",
        "localhost:8787",
        "LOCALHOST",
        "app.localhost:8787",
        "localhost.:8787",
        "[::1]:8787",
        "fake.test:8787",
        "FAKE.test",
    ]
    assert [host for host in hosts if status(LOOPBACK, host) != 200] == []


def test_any_other_host_is_a_403_on_loopback() -> None:
    hosts = [
        "evil.example",
        "evil.example:8787",
        "localhost.evil.example",
        "127.0.0.1.evil.example:8787",
        "evil.test",
        "192.168.1.5:8787",
        "0.0.0.0:8787",
        "2130706433",
        "fakefal:8787",
        "[2001:db8::1]:8787",
        "",
        "[::1",
        "127.0.0.1@evil.example",
    ]
    for public in (False, True):
        assert [host for host in hosts if status(LOOPBACK, host, public) != 403] == []


def test_on_all_addresses_any_address_and_bare_names_are_allowed() -> None:
    for host in ("192.168.1.5:8787", "[2001:db8::1]:8787", "fakefal:8787", "docker", "fake.test"):
        assert status(EVERYWHERE, host, public=True) == 200
    for host in ("evil.example:8787", "fakefal.evil.example", ""):
        assert status(EVERYWHERE, host, public=True) == 403


def test_on_one_address_only_that_one_is_allowed() -> None:
    guard = AccessGuard(["192.168.1.5", "Box.lan"], [], "right")
    assert status(guard, "192.168.1.5:8787", public=True) == 200
    assert status(guard, "box.lan:8787", public=True) == 200
    assert status(guard, "192.168.1.6:8787", public=True) == 403
    assert status(guard, "fakefal:8787", public=True) == 403


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ("http://127.0.0.1:8787", 200),
        ("https://127.0.0.1:8787", 200),
        ("http://localhost:8787", 403),
        ("http://127.0.0.1:3000", 403),
        ("http://127.0.0.1", 403),
        ("https://evil.example", 403),
        ("null", 403),
        ("http://[", 403),
        ("file://127.0.0.1:8787", 403),
        ("", 403),
    ],
)
def test_only_pages_of_the_same_origin_are_allowed(origin: str, expected: int) -> None:
    assert status(LOOPBACK, origins=(origin,)) == expected


@pytest.mark.parametrize(
    ("site", "method", "expected"),
    [
        ("none", "POST", 200),
        ("same-origin", "POST", 200),
        ("same-site", "GET", 200),
        ("same-site", "POST", 403),
        ("cross-site", "GET", 403),
        ("cross-site", "POST", 403),
        ("what", "GET", 403),
    ],
)
def test_sec_fetch_site_is_checked(site: str, method: str, expected: int) -> None:
    caller = Caller(method, ("localhost:8787",), fetch_site=site)
    if expected == 200:
        LOOPBACK.check(caller, is_public=True)
        return
    with pytest.raises(ApiError) as error_info:
        LOOPBACK.check(caller, is_public=True)
    assert error_info.value.status == 403


def test_every_host_in_a_request_must_be_allowed() -> None:
    with pytest.raises(ApiError, match="403"):
        LOOPBACK.check(Caller("GET", ("127.0.0.1", "evil.example")), is_public=False)


def test_a_request_without_host_is_allowed_without_origin() -> None:
    LOOPBACK.check(Caller("GET", ()), is_public=False)
    with pytest.raises(ApiError, match="403"):
        LOOPBACK.check(Caller("GET", (), origins=("http://127.0.0.1",)), is_public=False)


@pytest.mark.parametrize(
    "fields",
    [
        {"authorization": "Bearer right"},
        {"token": "right"},
        {"token": "right", "authorization": "Key a:b"},
        {"token": "wrong", "authorization": "Bearer right"},
    ],
)
def test_the_token_may_be_in_either_header(fields: dict[str, Any]) -> None:
    assert status(EVERYWHERE, **fields) == 200


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"authorization": "Key right"},
        {"authorization": "Bearer wrong"},
        {"token": ""},
        {"token": "righ"},
        {"token": "rightt"},
        {"token": "\udcff"},
    ],
)
def test_without_the_token_only_public_routes_are_allowed(fields: dict[str, Any]) -> None:
    assert (status(EVERYWHERE, **fields), status(EVERYWHERE, public=True, **fields)) == (401, 200)


def test_a_401_says_what_to_send() -> None:
    with pytest.raises(ApiError) as error_info:
        EVERYWHERE.check(Caller("GET", ("127.0.0.1",)), is_public=False)
    assert "x-fakefal-token" in error_info.value.body["detail"]
    assert dict(error_info.value.headers) == {"WWW-Authenticate": 'Bearer realm="fakefal"'}


def test_tokens_are_random() -> None:
    assert len({new_token() for _ in range(100)}) == 100
    assert len(new_token()) >= 32


@pytest.mark.parametrize(
    ("addresses", "expected"),
    [
        (["127.0.0.1", "::1"], True),
        (["127.0.0.2"], True),
        (["127.0.0.1", "10.0.0.1"], False),
        (["0.0.0.0"], False),
        (["::"], False),
        (["fe80::1%eth0"], False),
        (["/tmp/socket"], False),
    ],
)
def test_loopback_addresses_are_recognised(addresses: list[str], expected: bool) -> None:
    assert is_loopback(addresses) is expected


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/_fakefal/clock", None),
        ("*", None),
        ("http://evil.example/_fakefal", "evil.example"),
        ("http://a@127.0.0.1:8787?x", "127.0.0.1:8787"),
    ],
)
def test_an_absolute_target_has_an_authority(target: str, expected: str | None) -> None:
    assert authority_of(target) == expected


def test_names_that_only_begin_like_this_machine_are_refused() -> None:
    hosts = [
        "localhost:80.example.com",
        "localhost:evil",
        "localhost%.example.com",
        "127.0.0.1%.example.com",
        "[::1].example.com",
        "[::1]:80.example.com",
        "127.0.0.1:80@example.com",
        "localhost.example.com",
    ]
    assert [host for host in hosts if status(LOOPBACK, host) == 200] == []
    assert [host for host in hosts if status(EVERYWHERE, host, token="right") == 200] == []
    assert status(LOOPBACK, "[::1%25lo]:8787") == status(LOOPBACK, "[::1]") == 200
