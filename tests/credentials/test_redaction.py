from __future__ import annotations

import json

from fakefal.credentials.redaction import REDACTED, redact_json, redact_text
from tests.credentials.planted import FIELDS, SECRETS, TEXTS, planted_input


def test_no_planted_secret_stays() -> None:
    assert len(SECRETS) >= 60
    written = json.dumps(redact_json(planted_input()))
    assert [secret for secret in SECRETS if secret in written] == []


def test_no_secret_stays_in_a_text() -> None:
    kept = [name for name, (text, secret) in TEXTS.items() if secret in redact_text(text)]
    assert kept == []


def test_the_place_of_each_secret_is_reported() -> None:
    places: list[str] = []
    redact_json(planted_input(), report=places.append, path="input")
    assert [name for name in FIELDS if f"input.{name}" not in places] == []
    assert "input.values[0]" in places
    assert "input.texts.bare sig" in places
    assert "input.headers[0].value" in places


def test_what_holds_no_secret_is_equal() -> None:
    value = {
        "prompt": "the secret: love. A key: value; token of time = 5; the password is not here",
        "max_tokens": 5,
        "password": "a phrase of words",
        "key": "C minor",
        "token": None,
        "seed": 12345678901,
        "list": [True, 1.5, {"url": "https://x.test/a?w=1&h=2"}],
        "code": "token = get_token(); password = os.environ['X']; key = $KEY",
    }
    assert redact_json(value) == value


def test_values_below_the_name_of_a_secret_go() -> None:
    value = {
        "credentials": {"user": "bob", "more": ["x"]},
        "api_keys": ["a", "b"],
        "password": 1234,
    }
    assert redact_json(value) == {
        "credentials": {"user": REDACTED, "more": [REDACTED]},
        "api_keys": [REDACTED, REDACTED],
        "password": REDACTED,
    }
