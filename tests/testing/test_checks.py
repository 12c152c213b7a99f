from __future__ import annotations

import fal_client

from fakefal import FakeFal
from fakefal.testing.checks import collect_findings
from fakefal.testing.config.settings import SETTINGS, TestSettings

DEFAULTS = {setting.name: setting.default for setting in SETTINGS}


def test_findings_are_filed_by_the_severity_of_their_rule(fakefal: FakeFal) -> None:
    fakefal.on("fal-ai/any-llm").text("x").timeline()
    fakefal.on("a/b").text("x")
    fal_client.submit("fal-ai/any-llm", {"prompt": "x"})
    findings = collect_findings(
        fakefal, TestSettings({**DEFAULTS, "unused": "error"}), "", has_failed=False
    )
    assert [text.splitlines()[0] for text in findings.errors] == ["exchanges were not used:"]
    assert [text.splitlines()[0] for text in findings.warnings] == [
        "results were paid for and not fetched:"
    ]


def test_a_failed_test_reports_only_escapes_and_callback_errors(fakefal: FakeFal) -> None:
    fakefal.on("a/b").text("x")
    fakefal.callback_errors.record(KeyError("x"))
    test_settings = TestSettings({**DEFAULTS, "strict": True})
    findings = collect_findings(fakefal, test_settings, "1 connection blocked", has_failed=True)
    assert (findings.errors, findings.warnings) == (["1 connection blocked"], [])
    assert fakefal.callback_errors.errors == findings.callback_errors
    fakefal.callback_errors.errors.clear()
