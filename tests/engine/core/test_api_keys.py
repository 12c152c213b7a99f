"""Keys issued by the Platform API."""

from __future__ import annotations

import pytest

from fakefal.engine.core.api_keys import IssuedKeys
from fakefal.protocol.core.headers import Credential
from fakefal.protocol.errors.errors import ApiError
from tests.building import make_engine


def test_keys_are_derived_from_the_seed_and_valid_until_revoked() -> None:
    revoked: list[str] = []
    keys, same = IssuedKeys(7, revoked.append), IssuedKeys(7, revoked.append)
    first, second = keys.issue("me", "one", 1.0), keys.issue("me", "two", 2.0)
    assert same.issue("me", "one", 1.0).token == first.token != second.token
    assert keys.is_valid(first.token)
    assert keys.owned_by("me") == [second, first]
    assert keys.owned_by("you") == []
    assert not keys.revoke("you", first.key_id)
    assert keys.revoke("me", first.key_id)
    assert not keys.revoke("me", first.key_id)
    assert revoked == [first.token]
    assert keys.is_revoked(first.token)
    assert not keys.is_valid(first.token)


def test_a_thousand_keys_are_kept() -> None:
    keys = IssuedKeys(0, lambda _: None)
    first = keys.issue("me", "first", 0.0)
    for number in range(1_000):
        keys.issue("me", str(number), 0.0)
    assert not keys.is_valid(first.token)
    assert len(keys.owned_by("me")) == 1_000


def test_an_issued_key_is_accepted_by_a_server_with_a_list_of_keys() -> None:
    engine = make_engine(keys=frozenset({"known:key"}))
    key = engine.issued_keys.issue("known:key", "ci", 0.0)
    tenant = engine.tenant_for(Credential("key", key.token))
    assert tenant.key == key.token
    engine.issued_keys.revoke("known:key", key.key_id)
    with pytest.raises(ApiError) as caught:
        engine.tenant_for(Credential("key", key.token))
    assert caught.value.status == 401
