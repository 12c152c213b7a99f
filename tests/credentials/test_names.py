from __future__ import annotations

from fakefal.credentials.names import (
    Secrecy,
    is_secret,
    is_secret_parameter,
    secrecy_of,
    words_of,
)
from tests.credentials.planted import FIELDS

ORDINARY = (
    "max_tokens prompt_tokens tokens token_count next_page_token eos_token trigger_token "
    "primary_key idempotency-key Idempotency-Key cache_key public_key sort_key s3_key keyframe "
    "keys_pressed monkey secretary tokenizer password_policy_url secret_name has_password "
    "max_secret_length "
    "Sec-WebSocket-Key author authority authored_by prompt image_url seed x-fal-request-id "
    "x-fal-target-url content-type musical_key key_name signature_algorithm assignee".split()
)
LIKELY = "key token auth sig x-tenant-key".split()


def test_words_are_split_in_any_spelling() -> None:
    names = ("clientSecret", "client-secret", "CLIENT_SECRET", "ClientSecret", "client.secret")
    assert {words_of(name) for name in names} == {("client", "secret")}
    assert words_of("X-OpenAI-Api-Key") == ("x", "open", "ai", "api", "key")
    assert words_of("APIKey2") == ("api", "key", "2")


def test_names_of_secrets_are_known_by_their_words() -> None:
    assert [name for name in FIELDS if secrecy_of(name) is not Secrecy.CERTAIN] == []
    glued = "apikey awsaccesskeyid googleaccessid clientsecret authtoken privatekey xapikey".split()
    assert [name for name in glued if secrecy_of(name) is not Secrecy.CERTAIN] == []


def test_ordinary_names_are_left_alone() -> None:
    assert [name for name in ORDINARY if secrecy_of(name) is not Secrecy.NONE] == []


def test_a_likely_name_needs_a_value_that_looks_like_a_secret() -> None:
    assert [name for name in LIKELY if secrecy_of(name) is not Secrecy.LIKELY] == []
    assert is_secret("token", "0123456789abcdef")
    assert not is_secret("token", "hello")
    assert not is_secret("key", "C minor, then D minor")
    assert not is_secret("key", "https://x.test/a/long/path")


def test_parameters_of_urls_need_no_such_value() -> None:
    names = ["sig", "key", "token", "api-key", "X-Amz-Signature", "policy", "identity"]
    assert [name for name in names if not is_secret_parameter(name)] == []
    assert not is_secret_parameter("w")
