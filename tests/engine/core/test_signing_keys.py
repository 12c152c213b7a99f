"""Key pairs derived from the seed."""

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
    """The indexes of the keys that verify a signature of the message."""
    indexes = []
    for index, key in enumerate(jwks["keys"]):
        try:
            VerifyKey(urlsafe_b64decode(key["x"])).verify(MESSAGE, bytes.fromhex(signature))
        except BadSignatureError:
            continue
        indexes.append(index)
    return indexes


def test_a_published_key_verifies_what_was_signed() -> None:
    signing_keys = SigningKeys(0, CompiledJwks(), 0)
    assert len(signing_keys.sign(MESSAGE, 0)) == 128
    assert verifying(signing_keys.jwks(0), signing_keys.sign(MESSAGE, 0)) == [0]


def test_equal_seeds_give_equal_signatures() -> None:
    first, same, other = (SigningKeys(seed, CompiledJwks(), 0) for seed in (1, 1, 2))
    assert first.sign(MESSAGE, 0) == same.sign(MESSAGE, 0) != other.sign(MESSAGE, 0)
    assert first.jwks(0) == same.jwks(0) != other.jwks(0)


def test_an_unknown_key_is_not_published() -> None:
    signing_keys = SigningKeys(0, CompiledJwks(keys=3), 0)
    assert verifying(signing_keys.jwks(0), signing_keys.sign_unknown(MESSAGE)) == []


def test_of_the_two_default_keys_the_first_is_in_use() -> None:
    signing_keys = SigningKeys(0, CompiledJwks(), 0)
    assert len(signing_keys.jwks(0)["keys"]) == 2
    assert verifying(signing_keys.jwks(0), signing_keys.sign(MESSAGE, 0)) == [0]


def test_of_several_keys_the_last_is_in_use() -> None:
    signing_keys = SigningKeys(0, CompiledJwks(keys=3), 0)
    assert verifying(signing_keys.jwks(0), signing_keys.sign(MESSAGE, 0)) == [2]
    assert len({key["kid"] for key in signing_keys.jwks(0)["keys"]}) == 3


def test_keys_rotate_with_time_and_the_old_one_is_not_published() -> None:
    signing_keys = SigningKeys(0, CompiledJwks(rotate_seconds=60), 1000)
    before = signing_keys.sign(MESSAGE, 1059.9)
    assert signing_keys.generation(1059.9) == 0
    assert signing_keys.generation(1060) == 1
    assert signing_keys.generation(1180) == 3
    assert verifying(signing_keys.jwks(1059.9), before) == [0]
    assert verifying(signing_keys.jwks(1060), before) == []
    assert verifying(signing_keys.jwks(1060), signing_keys.sign(MESSAGE, 1060)) == [0]


def test_rotate_changes_the_key() -> None:
    signing_keys = SigningKeys(0, CompiledJwks(), 0)
    before = signing_keys.jwks(0)
    signing_keys.rotate()
    assert signing_keys.jwks(0) != before


def test_changed_settings_of_the_jwks_keep_the_current_key() -> None:
    signing_keys = SigningKeys(0, CompiledJwks(rotate_seconds=60), 0)
    key = signing_keys.jwks(130)
    signing_keys.publish_as(CompiledJwks(), 130)
    assert signing_keys.jwks(10_000) == key
    signing_keys.publish_as(CompiledJwks(is_empty=True), 10_000)
    assert signing_keys.jwks(10_000) == {"keys": []}


@pytest.mark.parametrize(
    ("compiled_jwks", "statuses"),
    [
        (CompiledJwks(), [0, 0, 0]),
        (CompiledJwks(503), [503, 503, 503]),
        (CompiledJwks(500, times=2), [500, 500, 0]),
    ],
)
def test_the_jwks_fails_as_scripted(compiled_jwks: CompiledJwks, statuses: list[int]) -> None:
    signing_keys = SigningKeys(0, compiled_jwks, 0)
    assert [signing_keys.next_error_status() for _ in range(3)] == statuses
