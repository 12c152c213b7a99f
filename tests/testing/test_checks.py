from __future__ import annotations

import fal_client

from fakefal import FakeFal
from fakefal.testing.checks import collect_findings
from fakefal.testing.config.settings import SETTINGS, TestSettings

DEFAULTS = {setting.name: setting.default for setting in SETTINGS}


def test_findings_are_sorted_by_what_their_rules_say(fakefal: FakeFal) -> None:
    fakefal.on("fal-ai/any-llm").text("x").timeline()
    fakefal.on("a/b").text("x")
    fal_client.submit("fal-ai/any-llm", {"prompt": "x"})
    found = collect_findings(
        fakefal, TestSettings({**DEFAULTS, "unused": "error"}), "", has_failed=False
    )
    assert [text.splitlines()[0] for text in found.errors] == ["exchanges were not used:"]
    assert [text.splitlines()[0] for text in found.warnings] == [
        "results were paid for and not fetched:"
    ]


def test_of_a_failed_test_only_the_grave_is_told(fakefal: FakeFal) -> None:
    fakefal.on("a/b").text("x")
    fakefal.callback_errors.record(KeyError("x"))
    told = TestSettings({**DEFAULTS, "strict": True})
    found = collect_findings(fakefal, told, "1 connection refused", has_failed=True)
    assert (found.errors, found.warnings) == (["1 connection refused"], [])
    assert fakefal.callback_errors.errors == found.callback_errors
    fakefal.callback_errors.errors.clear()
