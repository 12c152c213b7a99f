from __future__ import annotations

import re
from time import perf_counter

from hypothesis import given
from hypothesis import strategies as st

from fakefal.scenario.matching.globs import Glob


def by_expression(pattern: str, text: str) -> bool:
    parts = ({"*": ".*", "?": "[^/]"}.get(letter, re.escape(letter)) for letter in pattern)
    return re.compile("".join(parts), re.DOTALL).fullmatch(text) is not None


@given(st.text("ab*?/", max_size=8), st.text("ab/", max_size=10))
def test_it_matches_what_the_expression_matches(pattern: str, text: str) -> None:
    assert Glob(pattern).matches(text) is by_expression(pattern, text)


def test_many_stars_take_no_longer() -> None:
    start = perf_counter()
    for pattern in ("*a*a*a*a*a*a*b", "a*" * 400 + "b", "*" * 900 + "b", "?" * 900 + "*b"):
        assert not Glob(pattern).matches("a" * 8_000)
    assert perf_counter() - start < 1
