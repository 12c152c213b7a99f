from __future__ import annotations

from typing import Any

import pytest

from fakefal.control.guard import AccessGuard, Caller, authority_of, is_loopback, new_token
from fakefal.protocol.errors.errors import ApiError

NEAR = AccessGuard(["127.0.0.1"], ["fake.test"], None)
FAR = AccessGuard(["0.0.0.0"], ["fake.test"], "right")


def status(
    guard: AccessGuard, host: str = "127.0.0.1:8787", public: bool = False, **more: Any
) -> int:
    caller = Caller("GET", (host,), **more)
    try:
        guard.check(caller, is_public=public)
    except ApiError as error:
        return error.status
    return 200


@pytest.mark.parametrize(
    "host",
    [
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
    ],
)
def test_loopback_and_names_that_were_named_are_ours(host: str) -> None:
    assert status(NEAR, host) == 200


@pytest.mark.parametrize(
    "host",
    [
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
    ],
)
def test_any_other_host_is_refused_on_loopback(host: str) -> None:
    assert (status(NEAR, host), status(NEAR, host, public=True)) == (403, 403)


def test_bound_to_every_address_any_address_and_bare_names_are_ours() -> None:
    for host in ("192.168.1.5:8787", "[2001:db8::1]:8787", "fakefal:8787", "docker", "fake.test"):
        assert status(FAR, host, public=True) == 200
    for host in ("evil.example:8787", "fakefal.evil.example", ""):
        assert status(FAR, host, public=True) == 403


def test_bound_to_one_address_that_one_is_ours() -> None:
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
def test_only_pages_of_our_own_may_ask(origin: str, expected: int) -> None:
    assert status(NEAR, origins=(origin,)) == expected


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
def test_what_a_browser_says_of_the_site_counts(site: str, method: str, expected: int) -> None:
    caller = Caller(method, ("localhost:8787",), fetch_site=site)
    if expected == 200:
        NEAR.check(caller, is_public=True)
        return
    with pytest.raises(ApiError) as caught:
        NEAR.check(caller, is_public=True)
    assert caught.value.status == 403


def test_every_host_that_a_request_names_must_be_ours() -> None:
    with pytest.raises(ApiError, match="403"):
        NEAR.check(Caller("GET", ("127.0.0.1", "evil.example")), is_public=False)


def test_who_names_no_host_is_no_browser() -> None:
    NEAR.check(Caller("GET", ()), is_public=False)
    with pytest.raises(ApiError, match="403"):
        NEAR.check(Caller("GET", (), origins=("http://127.0.0.1",)), is_public=False)


@pytest.mark.parametrize(
    "given",
    [
        {"authorization": "Bearer right"},
        {"token": "right"},
        {"token": "right", "authorization": "Key a:b"},
        {"token": "wrong", "authorization": "Bearer right"},
    ],
)
def test_the_token_is_taken_from_either_header(given: dict[str, Any]) -> None:
    assert status(FAR, **given) == 200


@pytest.mark.parametrize(
    "given",
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
def test_without_the_token_only_what_is_public_is_told(given: dict[str, Any]) -> None:
    assert (status(FAR, **given), status(FAR, public=True, **given)) == (401, 200)


def test_a_refusal_says_what_is_to_be_sent() -> None:
    with pytest.raises(ApiError) as caught:
        FAR.check(Caller("GET", ("127.0.0.1",)), is_public=False)
    assert "x-fakefal-token" in caught.value.body["detail"]
    assert dict(caught.value.headers) == {"WWW-Authenticate": 'Bearer realm="fakefal"'}


def test_no_two_tokens_are_the_same() -> None:
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
def test_loopback_is_what_only_this_machine_reaches(addresses: list[str], expected: bool) -> None:
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
def test_an_absolute_target_names_a_host(target: str, expected: str | None) -> None:
    assert authority_of(target) == expected
