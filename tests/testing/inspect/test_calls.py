from __future__ import annotations

import pytest

from fakefal import contains
from fakefal.engine.controls import CallRecord
from fakefal.errors import FakefalError
from fakefal.testing.inspect.calls import Calls


def record(prompt: str, via: str = "run", endpoint: str = "fal-ai/any-llm") -> CallRecord:
    return CallRecord(endpoint, via, {"prompt": prompt}, {"x-a": "1"}, "id", "exchanges[0]", 200)


CALLS = Calls([record("one"), record("two", "queue"), record("three", endpoint="a/b")])


def test_where_selects_as_on_matches() -> None:
    assert [call.input["prompt"] for call in CALLS.where("fal-ai/*")] == ["one", "two"]
    assert len(CALLS.where(prompt=contains("e"))) == 2
    assert len(CALLS.where(via="queue", headers={"x-a": "1"})) == 1
    assert CALLS.where(prompt=lambda prompt: prompt == "two").one().via == "queue"
    with pytest.raises(FakefalError, match=r"\$contain"):
        CALLS.where(prompt={"$contain": "x"})


def test_one_is_exactly_one() -> None:
    assert CALLS.one(prompt="one").endpoint == "fal-ai/any-llm"
    with pytest.raises(AssertionError) as many:
        CALLS.one("fal-ai/any-llm")
    assert "expected exactly one call to fal-ai/any-llm, got 2" in str(many.value)
    assert '  2. queue fal-ai/any-llm {"prompt": "two"} → 200' in str(many.value)
    with pytest.raises(AssertionError) as none:
        CALLS.one(prompt="on")
    assert 'got 0\nnearest: call 1 (run fal-ai/any-llm {"prompt": "one"}' in str(none.value)
    assert 'input.prompt is "one", wanted "on"' in str(none.value)
    with pytest.raises(AssertionError, match="no calls"):
        Calls([]).one()


def test_many_are_listed_in_part() -> None:
    many = Calls(record(str(number)) for number in range(20))
    assert many.format_list().splitlines()[-1] == "  … 8 more"
