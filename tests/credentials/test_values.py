from __future__ import annotations

import re
from time import perf_counter

from fakefal.credentials.values import FORMS, PREFIXES, kind_of, redact_values
from tests.credentials.planted import VALUES


def test_every_known_form_is_found_anywhere() -> None:
    kept = [
        (kind, text)
        for kind, secret in VALUES.items()
        for text in (secret, f"a {secret} b", f'"{secret}"', f"x={secret}&y", f"({secret}).")
        if secret in redact_values(text, "_")
    ]
    assert kept == []


def test_every_planted_value_has_a_kind() -> None:
    assert [kind for kind, secret in VALUES.items() if not kind_of(secret)] == []
    assert kind_of("an ordinary text") == ""


def test_no_pattern_matches_the_empty_text() -> None:
    assert [it for it in (*PREFIXES.values(), *FORMS.values()) if re.search(it, "")] == []


def test_ordinary_texts_are_equal_afterwards() -> None:
    texts = (
        "sk-8",
        "a token of love",
        "task-sk-list",
        "https://v3b.fal.media/files/b/0a8b/panda_1234567890abcdef.png",
        "019b7b71-eeae-769d-ace9-2638d996a604",
        "data:image/png;base64," + "iVBORw0KGgoAAAANSUhEUgAA" * 30,
        "user@example.com",
    )
    assert [text for text in texts if redact_values(text, "_") != text] == []


def test_a_login_in_a_url_is_removed() -> None:
    assert redact_values("see ftp://me:pw@x.test/a", "_") == "see ftp://_@x.test/a"


def test_the_time_is_linear_in_the_text() -> None:
    bombs = (
        "a" * 300_000,
        "sk-" * 100_000,
        "eyJ" * 100_000,
        "://" * 100_000,
        "-----BEGIN " * 30_000,
    )
    start = perf_counter()
    for bomb in bombs:
        redact_values(bomb + "@", "_")
    assert perf_counter() - start < 5
