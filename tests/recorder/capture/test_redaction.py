from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from fakefal.credentials.redaction import REDACTED
from fakefal.errors import FakefalError
from fakefal.recorder.capture.captures import RecordedRequest, Recording
from fakefal.recorder.capture.redaction import Redactor
from fakefal.recorder.distil.distil import distil
from fakefal.recorder.output.writer import Writer
from tests.credentials.planted import FIELDS, SECRETS, TEXTS, VALUES, planted_input
from tests.recorder.distil.test_stream_replies import growing
from tests.recorder.sessions import (
    ANY_LLM,
    KEY,
    JobCaptures,
    body_of,
    make_capture,
    make_run,
    make_stream,
)

_HEX = "0123456789abcdef0123456789abcdef"
PLANTED: dict[str, str] = {
    "fal key": "8a7b6c5d-1234-4321-9876-abcdefabcdef:fedcba98765432100123456789abcdef",
    "bearer token": "Bearer 3q2-7wAAAAAAAAAA1234567890zz",
    "basic auth": "Basic dXNlcjE6cGFzc3dvcmQxMjM0NTY=",
    "web token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
    "openai": "sk-proj-Abcdefghijklmnop1234567890",
    "anthropic": "sk-ant-api03-Abcdefghijklmnop1234567890",
    "stripe": "sk_" + "live_4eC39HqLyjWDarjtT1zdp7dc",
    "aws id": "AKIAIOSFODNN7EXAMPLE",
    "aws secret": "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "google": "AIzaSyA-1234567890abcdefghijklmnopqrstu",
    "github": "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "gitlab": "glpat-abcdefghij1234567890",
    "slack": "xox" + "b-123456789012-abcdefABCDEF",
    "hugging face": "hf_AbCdEfGhIjKlMnOpQrStUvWxYz012345",
    "npm": "npm_abcdefghijklmnopqrstuvwxyz0123456789",
    "sendgrid": "SG.abcdefghijklmnop1234.qrstuvwxyzABCDEFGHIJ",
    "private key": "-----BEGIN EC PRIVATE KEY-----\nMIIEow\nIBAAKCA\n-----END EC PRIVATE KEY-----",
    "signed url": "https://x.test/a?X-Amz-Credential=AK%2F26&X-Amz-Signature=9f8e7d6c5b",
    "azure sas": "https://x.blob.core.windows.net/a?sv=2026&sig=abcd%2B1234%2Fefgh%3D",
    "password in a url": "postgres://admin:hunter2hunter2@db.example/main",
    "token parameter": "wss://fal.run/x/realtime?fal_jwt_token=abc.def.ghi123",
    "user id": "github|12345678",
    "twilio": f"SK{_HEX}",
}
"""Kinds of secrets, each as in ordinary text."""

SECRET_TEXTS = (*VALUES.values(), *(text for text, _ in TEXTS.values()))

PARTS = {
    "basic auth": "dXNlcjE6cGFzc3dvcmQxMjM0NTY=",
    "bearer token": "3q2-7wAAAAAAAAAA1234567890zz",
    "aws secret": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "private key": "MIIEow",
    "signed url": "https://x.test/a?X-Amz-Credential=AK%2F26&X-Amz-Signature=9f8e7d6c5b",
    "azure sas": "abcd%2B1234",
    "password in a url": "hunter2hunter2",
    "token parameter": "abc.def.ghi123",
}
"""The part of each that must not be written; by default all of it."""

NAMED = {
    "password": "correcthorse",
    "api_key": "zzzz-yyyy",
    "client_secret": "Tr0ub4dor&3",
    "refresh_token": "1//0abcdef",
    "user_id": "usr-77",
}
"""Fields whose names say that they are secret."""

COOKIE = "session=s3ss10n-c00k1e-value; theme=dark"


def traffic() -> list[Any]:
    """Captures with every kind of secret in inputs, outputs, logs, events, headers and so on."""
    spread = {name: f"before {secret} after" for name, secret in PLANTED.items()}
    logs: list[Any] = [{"message": text} for text in spread.values()]
    job = JobCaptures(ANY_LLM, {"prompt": json.dumps(spread), **NAMED}).add_submit()
    job.add_poll(0.1, "IN_PROGRESS", None, logs).add_poll(0.2, "COMPLETED", None, logs)
    job.add_result(0.3, {"output": "\n".join(PLANTED.values()), "more": {**spread, **NAMED}})
    error = {"detail": [{"loc": ["body"], "msg": "\n".join(PLANTED.values()), "type": "odd"}]}
    headers = (
        ("Content-Type", "application/json"),
        ("Set-Cookie", COOKIE),
        ("X-Note", PLANTED["github"]),
    )
    events = growing(*(f" {secret}" for secret in PLANTED.values()))
    parts = [
        *job.captures,
        make_run(
            1,
            {"nested": [{"deep": spread}], "list": [*PLANTED.values()]},
            {"ok": NAMED},
            headers=headers,
        ),
        make_run(2, {"prompt": "fails"}, error, 422),
        make_stream(events, [0.0] * len(events)),
    ]
    request = RecordedRequest(
        "POST",
        "fal.run",
        "/acme/app",
        "fal_jwt_token=tok3n-in-the-query",
        (("Authorization", f"Key {KEY}"), ("Cookie", COOKIE), ("X-Api-Key", "x-api-k3y-value")),
        body_of({"echo": f"{KEY} s3ss10n-c00k1e-value x-api-k3y-value tok3n-in-the-query"}),
    )
    return [*parts, make_capture(3, request, 200, {"echo": f"you sent {KEY} and env-secret-0123"})]


def test_no_secret_of_any_kind_is_written(tmp_path: Path) -> None:
    redactor = Redactor(["acct_[0-9]+"])
    redactor.learn_environment({"MY_SERVICE_TOKEN": "env-secret-0123", "HOME": "/root"})
    captures = traffic()
    captures.append(make_run(9, {"account": "acct_99887766"}, {"for": "acct_99887766"}))
    for capture in captures:
        redactor.learn_request(capture.request)
        redactor.learn_response(capture.response)
    distilled = distil(Recording("https://fal.run", 0.0, captures), redactor, version="0")
    Writer(tmp_path / "a.yaml", redactor).write(distilled)
    written = "\n".join(
        path.read_text(encoding="utf-8") for path in tmp_path.rglob("*") if path.is_file()
    )
    secrets = [PARTS.get(name, secret) for name, secret in PLANTED.items()]
    secrets += [*NAMED.values(), KEY, *KEY.split(":"), "s3ss10n-c00k1e-value", "x-api-k3y-value"]
    secrets += ["tok3n-in-the-query", "env-secret-0123", "acct_99887766"]
    assert len(PLANTED) >= 20
    assert [secret for secret in secrets if secret in written] == []
    assert REDACTED in written
    assert distilled.notes == []


def test_secrets_in_headers_and_queries_are_redacted_everywhere() -> None:
    redactor = Redactor()
    redactor.learn_request(
        RecordedRequest(
            "GET", "fal.run", "/x", "fal_jwt_token=t0ken-t0ken", (("Authorization", f"Key {KEY}"),)
        )
    )
    key_id, secret = KEY.split(":")
    assert redactor.redact_text(
        f"{KEY}, {key_id}, {secret}, {quote(KEY, safe='')}, t0ken-t0ken"
    ) == ", ".join([REDACTED] * 5)


@pytest.mark.parametrize(
    "text",
    [
        "plain words",
        "a token of love",
        "key: value",
        "https://v3b.fal.media/files/b/0/x.png?w=1",
        "sk-8",
        "the password is not here",
        "user@example.com",
        "2026-09-27T12:00:00Z",
    ],
)
def test_ordinary_text_is_not_redacted(text: str) -> None:
    assert Redactor().redact_text(text) == text


@pytest.mark.parametrize(
    "value",
    [
        {"token": "hello"},
        {"key": "C minor"},
        {"max_tokens": 5},
        {"password": "a phrase of words"},
        {"token": None},
    ],
)
def test_ordinary_fields_are_not_redacted(value: Any) -> None:
    assert Redactor().redact_json(value) == value


@pytest.mark.parametrize("skipped", [0, 1, 2])
def test_an_encoded_secret_is_not_written(skipped: int) -> None:
    redactor = Redactor()
    redactor.learn(KEY, "the key")
    hidden = b64encode(b"x" * skipped + KEY.encode()).decode()
    with pytest.raises(FakefalError, match="it would contain the key") as caught:
        redactor.check_text(f"output: {hidden}", "a.yaml")
    assert KEY not in str(caught.value)
    with pytest.raises(FakefalError):
        redactor.check_bytes(b"\x00" + KEY.encode(), "a.bin")
    redactor.check_text("output: harmless", "a.yaml")


@pytest.mark.parametrize("pattern", ["(", "x*"])
def test_an_invalid_pattern_is_an_error(pattern: str) -> None:
    with pytest.raises(FakefalError, match="--redact"):
        Redactor([pattern])


def test_the_sixty_planted_secrets_are_in_no_file_and_each_place_is_named(tmp_path: Path) -> None:
    redactor = Redactor()
    planted = planted_input()
    job = JobCaptures(ANY_LLM, planted).add_submit()
    job.add_poll(0.1, "COMPLETED", None, [{"message": text} for text in SECRET_TEXTS])
    job.add_result(0.3, planted)
    captures = [*job.captures, make_run(1, {"prompt": "x"}, planted), make_run(2, planted, {})]
    for capture in captures:
        redactor.learn_request(capture.request)
        redactor.learn_response(capture.response, capture.request.url)
    distilled = distil(Recording("https://fal.run", 0.0, captures), redactor, version="0")
    Writer(tmp_path / "a.yaml", redactor).write(distilled)
    written = "\n".join(
        path.read_text(encoding="utf-8") for path in tmp_path.rglob("*") if path.is_file()
    )
    assert [secret for secret in SECRETS if secret in written] == []
    places = "\n".join(distilled.redacted)
    assert [name for name in FIELDS if f".{name}\n" not in f"{places}\n"] == []
    assert "request to queue.fal.run" in places
    assert "response of https://queue.fal.run" in places
    assert [secret for secret in SECRETS if secret in places] == []


def test_a_random_word_is_kept_and_warned_of() -> None:
    redactor = Redactor()
    word = "aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xY"
    assert redactor.redact_json({"note": word}, "input") == {"note": word}
    assert [*redactor.warnings] == ["input: aB3d… (32 characters)"]
