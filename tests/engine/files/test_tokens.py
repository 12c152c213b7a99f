"""Tokens: real JWTs that expire on the tenant's clock."""

from __future__ import annotations

import base64
import json

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakefal.engine.core.clock import START, ManualClock, real_now
from fakefal.engine.files.tokens import Tokens, claimed_tenant_tag
from fakefal.protocol.core.compat_flags import TimeSource
from fakefal.protocol.errors.errors import ApiError


def make_tokens(
    clock: ManualClock | None = None,
    key: str = "id:secret",
    seed: int = 0,
    time_source: TimeSource = "clock",
) -> Tokens:
    return Tokens("MARK", seed, key, clock or ManualClock(), lambda: time_source)


def rejection_hint(tokens: Tokens, token: str, use: str = "apps") -> str:
    with pytest.raises(ApiError) as caught:
        tokens.read(token, use)  # type: ignore[arg-type]
    assert caught.value.status == 401
    return caught.value.hint


def test_a_token_contains_its_claims() -> None:
    tokens = make_tokens()
    token, expires_at = tokens.issue("apps", 120, apps=["any-llm"])
    claims = tokens.read(token, "apps")
    assert claims.apps == ("any-llm",)
    assert claims.expires_at == expires_at == START + 120
    assert claimed_tenant_tag(token) == "MARK"
    assert jwt.get_unverified_header(token)["alg"] == "HS256"


def test_tokens_differ_and_are_the_same_in_every_run() -> None:
    tokens, same = make_tokens(), make_tokens()
    first, second = (tokens.issue("cdn", 60)[0] for _ in range(2))
    assert first != second
    assert same.issue("cdn", 60)[0] == first


def test_a_token_expires_on_the_clock() -> None:
    clock = ManualClock()
    tokens = make_tokens(clock)
    token, _ = tokens.issue("cdn", 60)
    clock.advance(59)
    assert tokens.read(token, "cdn").use == "cdn"
    clock.advance(1)
    assert (
        rejection_hint(tokens, token, "cdn") == "the token expired at 2026-01-01T00:01:00.000000Z"
    )


@pytest.mark.parametrize("time_source", ["auto", "real"])
def test_clients_see_the_real_time_and_the_server_its_clock(time_source: TimeSource) -> None:
    clock, before = ManualClock(), real_now()
    tokens = make_tokens(clock, time_source=time_source)
    token, expires_at = tokens.issue("cdn", 60)
    claims = jwt.decode(token, tokens.secret, ["HS256"], issuer="fakefal")  # by the system's time
    assert before <= claims["iat"] <= real_now()
    assert claims["exp"] == expires_at == pytest.approx(claims["iat"] + 60)
    assert claims["clock_exp"] == START + 60
    clock.advance(60)
    assert rejection_hint(tokens, token, "cdn").startswith("the token expired at 2026-01-01")


def test_a_token_for_another_use_is_rejected() -> None:
    tokens = make_tokens()
    assert (
        rejection_hint(tokens, tokens.issue("cdn", 60)[0]) == "the token is for cdn, not for apps"
    )


def test_tokens_of_other_keys_seeds_and_issuers_are_rejected() -> None:
    tokens = make_tokens()
    for other in (make_tokens(key="other:key"), make_tokens(seed=1)):
        assert "not issued by this server" in rejection_hint(tokens, other.issue("apps", 60)[0])
    claims = {"iss": "fakefal", "sub": "MARK", "use": "apps", "clock_exp": START + 60}
    part = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    assert rejection_hint(tokens, f"{none}.{part}.")
    assert rejection_hint(tokens, jwt.encode({**claims, "clock_exp": "soon"}, tokens.secret))
    assert rejection_hint(tokens, jwt.encode({**claims, "iss": "auth0"}, tokens.secret))
    assert rejection_hint(tokens, jwt.encode({"iss": "fakefal"}, tokens.secret))


@given(st.text() | st.from_regex(r"[\w-]*\.[\w-]*\.[\w-]*", fullmatch=True))
def test_an_invalid_token_claims_no_tenant(text: str) -> None:
    assert claimed_tenant_tag(text) is None
    rejection_hint(make_tokens(), text)


def test_a_token_of_another_issuer_claims_no_tenant() -> None:
    assert claimed_tenant_tag(jwt.encode({"sub": "x", "iss": "auth0"}, "k" * 32)) is None
    assert claimed_tenant_tag("a.b." + "c" * 10_000) is None
