"""Texts for regular expressions."""

from __future__ import annotations

import re

from fakefal.scenario.schemas.patterns import text_of_pattern
from fakefal.scenario.values.seeded import seeded_numbers
from tests.cases import failures


def test_texts_match_their_pattern() -> None:
    def check(pattern: str) -> None:
        for seed in "abcdef":
            text = text_of_pattern(pattern, seeded_numbers(seed))
            assert text is not None
            assert re.search(pattern, text), text

    patterns = [
        r"^[A-Z]{3,8}$", r"^job-\d{4}$", r"(a|bc)+", r"[^a-z]x?", r"^(\w+)@\1$", r"\s\S\D\W", "a.b",
        "x*?y", "", r"^#[0-9a-fA-F]{6}$", r"(?P<a>q)(?P=a)",
    ]  # fmt: skip
    assert failures(check, patterns) == []


def test_what_is_not_supported_is_none() -> None:
    patterns = ["(", "a{5000}", "(?(1)a|b)", "a{1000}b{1000}"]
    assert [text_of_pattern(pattern, seeded_numbers("x")) for pattern in patterns] == [None] * 4
