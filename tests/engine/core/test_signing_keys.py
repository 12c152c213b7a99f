"""Key pairs that follow from the seed."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from typing import Any

import pytest
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from fakefal.engine.core.signing_keys import SigningKeys
from fakefal.scenario.compiled.webhooks import CompiledJwks

MESSAGE = b"a\nb\n1\nc"


def verifying(jwks: dict[str, Any], signature: str) -> list[int]:
    """Which keys of a JWKS verify a signature of the message."""
    found = []
    for index, key in enumerate(jwks["keys"]):
        try:
            VerifyKey(urlsafe_b64decode(key["x"] + "=")).verify(MESSAGE, bytes.fromhex(signature))
        except BadSignatureError:
            continue
        found.append(index)
    return found


def test_a_published_key_verifies_what_was_signed() -> None:
    ring = SigningKeys(0, CompiledJwks(), 0)
    assert len(ring.sign(MESSAGE, 0)) == 128
    assert verifying(ring.jwks(0), ring.sign(MESSAGE, 0)) == [0]


def test_equal_seeds_sign_alike_and_others_do_not() -> None:
    first, same, other = (SigningKeys(seed, CompiledJwks(), 0) for seed in (1, 1, 2))
    assert first.sign(MESSAGE, 0) == same.sign(MESSAGE, 0) != other.sign(MESSAGE, 0)
    assert first.jwks(0) == same.jwks(0) != other.jwks(0)


def test_an_unknown_key_is_not_published() -> None:
    ring = SigningKeys(0, CompiledJwks(keys=3), 0)
    assert verifying(ring.jwks(0), ring.sign_unknown(MESSAGE)) == []


def test_of_several_keys_the_last_is_in_use() -> None:
    ring = SigningKeys(0, CompiledJwks(keys=3), 0)
    assert verifying(ring.jwks(0), ring.sign(MESSAGE, 0)) == [2]
    assert len({key["kid"] for key in ring.jwks(0)["keys"]}) == 3


def test_keys_change_with_time_and_the_old_one_is_withdrawn() -> None:
    ring = SigningKeys(0, CompiledJwks(rotate_seconds=60), 1000)
    before = ring.sign(MESSAGE, 1059.9)
    assert ring.generation(1059.9) == 0
    assert ring.generation(1060) == 1
    assert ring.generation(1180) == 3
    assert verifying(ring.jwks(1059.9), before) == [0]
    assert verifying(ring.jwks(1060), before) == []
    assert verifying(ring.jwks(1060), ring.sign(MESSAGE, 1060)) == [0]


def test_keys_change_when_told() -> None:
    ring = SigningKeys(0, CompiledJwks(), 0)
    before = ring.jwks(0)
    ring.rotate()
    assert ring.jwks(0) != before


def test_another_way_to_publish_keeps_the_key_in_use() -> None:
    ring = SigningKeys(0, CompiledJwks(rotate_seconds=60), 0)
    key = ring.jwks(130)
    ring.publish_as(CompiledJwks(), 130)
    assert ring.jwks(10_000) == key
    ring.publish_as(CompiledJwks(is_empty=True), 10_000)
    assert ring.jwks(10_000) == {"keys": []}


@pytest.mark.parametrize(
    ("plan", "statuses"),
    [
        (CompiledJwks(), [0, 0, 0]),
        (CompiledJwks(503), [503, 503, 503]),
        (CompiledJwks(500, times=2), [500, 500, 0]),
    ],
)
def test_the_keys_are_refused_as_planned(plan: CompiledJwks, statuses: list[int]) -> None:
    ring = SigningKeys(0, plan, 0)
    assert [ring.next_error_status() for _ in range(3)] == statuses
