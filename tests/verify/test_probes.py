"""The probes: harmless, and each with a question that exists."""

from __future__ import annotations

import re

from fakefal.protocol.core.hosts import API, QUEUE, REST, RUN
from fakefal.verify.probes import PROBES, WEBSITE
from tests.source_tree import ROOT


def test_probes_are_harmless() -> None:
    """They read, are refused for want of a key, or name what does not exist."""
    harmful = [
        probe.name
        for probe in PROBES
        if probe.key == "valid"
        and probe.method not in ("GET", "HEAD")
        and "requests/00000000-" not in probe.path
        and "storage_type=none" not in probe.path
    ]
    assert harmful == []
    assert {probe.host for probe in PROBES} == {QUEUE, RUN, REST, API, WEBSITE}


def test_probes_name_open_questions_that_exist() -> None:
    text = (ROOT / "docs/reference/open-questions.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    anchors = {heading.lower().replace(" ", "-").replace("/", "") for heading in headings}
    assert {probe.question for probe in PROBES} - anchors == {""}
