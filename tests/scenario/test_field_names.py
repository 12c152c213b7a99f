from __future__ import annotations

import pytest

from fakefal.errors import FakefalError
from fakefal.scenario.field_names import check_field_names


def test_words_of_a_scenario_are_no_fields() -> None:
    check_field_names(["prompt", "text", "output", "model"])
    with pytest.raises(FakefalError) as raised:
        check_field_names(["prompt", "reply"])
    assert str(raised.value) == (
        "reply= is not a field of the input here — write .text(…), .output(…), .fail(…) or "
        '.reply(function) after on(…); a field of that name: input={"reply": …}'
    )
