"""Forms of responses, and how a response differs from one."""

from __future__ import annotations

import re

import pytest

from fakefal.verify.forms import PLACEHOLDERS, Form, Received, deviations, pattern_of


def received(body: str = "", status: int = 200, **headers: str) -> Received:
    pairs = {name.replace("_", "-"): value for name, value in headers.items()}
    return Received(status, pairs, body.encode())


def test_placeholders_match_values_and_literals_themselves() -> None:
    table = [
        ("a.b", "a.b", True),
        ("a.b", "axb", False),
        ("<uuid4>", "3b241101-e2bb-4255-8caf-4136c566a962", True),
        ("<uuid4>", "3b241101-e2bb-7255-8caf-4136c566a962", False),
        ("<float>", "1.4416329860687256", True),
        ("<float>", "1.44", False),
        ("<local-time>", "2026-01-01T00:00:00.000000", True),
        ("<local-time>", "2026-01-01T00:00:00.000000Z", False),
        ('{"a":<integer>}', '{"a":12}', True),
        ("[<any>]", "[1\n2]", True),
    ]
    wrong = [
        (form, text)
        for form, text, expected in table
        if bool(pattern_of(form, is_exact=True).fullmatch(text)) is not expected
    ]
    assert wrong == []
    for expression in PLACEHOLDERS.values():
        re.compile(expression)
    with pytest.raises(KeyError):
        pattern_of("<nothing>", is_exact=True)


def test_spaces_count_only_in_exact_forms() -> None:
    spaced = received('{"a": 1, "b": 2}\n')
    assert deviations(Form(200, body='{"a":1,"b":2}'), spaced) == []
    assert deviations(Form(200, body='{"a": 1, "b": 2}'), received('{"a":1,"b":2}')) == []
    assert len(deviations(Form(200, body='{"a":1,"b":2}', is_exact=True), spaced)) == 1


def test_each_deviation_has_a_line() -> None:
    form = Form(405, {"allow": "POST", "content-type": None, "etag": "<any>"}, "")
    response = received("x" * 400, 404, allow="GET", content_type="text/plain")
    assert deviations(form, response) == [
        "status: expected 405, got 404",
        "header allow: expected POST, got GET",
        "header content-type: expected none, got text/plain",
        "header etag: expected <any>, got none",
        f"body: expected nothing, got {'x' * 300}… (400 characters)",
    ]
    assert deviations(Form(200), received("anything")) == []
