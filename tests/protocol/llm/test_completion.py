"""Completions and response heads."""

from __future__ import annotations

from fakefal.protocol.llm.completion import Completion, ResponseHead
from fakefal.protocol.llm.tokens import Usage


def test_the_text_is_that_of_the_first_choice() -> None:
    assert Completion(("one", "two"), Usage(0, 0)).text == "one"


def test_the_id_stem_is_the_request_id_without_dashes() -> None:
    assert ResponseHead("019b-7768", 0, "m").id_stem == "019b7768"
