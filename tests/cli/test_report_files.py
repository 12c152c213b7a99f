"""Report files: JSON and JUnit."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import click
import pytest

from fakefal.cli.report_files import check_report, to_json, to_junit, write_report
from fakefal.cli.run_report import RunReport
from fakefal.errors import FakefalError
from fakefal.guard.escapes import Escape
from tests.cli.test_summary import miss


def outcome() -> RunReport:
    report = RunReport(("npm", "test"), code=2, command_code=2, seconds=1.5)
    report.used = [('"one"', "s.yaml:3")]
    report.unused = [('"two"', "s.yaml:6")]
    report.misses = [miss()]
    report.escapes = [Escape("fal.run:443", "Python", 7, ("python", "<a>.py\0"), "", ("f:1",))]
    return report


def test_junit_has_suites_cases_and_failures() -> None:
    root = ElementTree.fromstring(to_junit(outcome()))
    assert root.tag == "testsuites"
    (suite,) = root
    assert suite.attrib == {
        "name": "fakefal run",
        "tests": "5",
        "failures": "3",
        "errors": "0",
        "skipped": "1",
        "time": "1.500",
    }
    cases = list(suite)
    assert all(case.tag == "testcase" for case in cases)
    assert all(case.attrib.keys() == {"classname", "name", "time"} for case in cases)
    ends = [[end.tag for end in case] for case in cases]
    assert ends == [["failure"], [], ["skipped"], ["failure"], ["failure"]]
    assert [case.get("classname", "").removeprefix("fakefal.") for case in cases] == [
        "command",
        "exchange",
        "exchange",
        "miss",
        "escape",
    ]
    failure = cases[-1][0]
    assert failure.get("message") == "tried to reach the real fal"
    assert failure.text == "fal.run:443, tried by python <a>.py� (pid 7)\nf:1"


def test_a_successful_run_has_no_failure() -> None:
    (suite,) = ElementTree.fromstring(to_junit(RunReport(("true",))))
    assert (suite.get("tests"), suite.get("failures")) == ("1", "0")


def test_json_has_the_whole_report() -> None:
    written = json.loads(to_json(outcome()))
    assert written["exit_code"] == 2
    assert written["command"] == ["npm", "test"]
    assert written["unused"] == [{"exchange": "two", "location": "s.yaml:6"}]
    assert written["escapes"][0]["pid"] == 7


def test_the_extension_selects_the_format(tmp_path: Path) -> None:
    assert check_report("a/b.xml") == Path("a/b.xml")
    with pytest.raises(click.BadParameter, match="must end in"):
        check_report("report")
    path = tmp_path / "new" / "report.json"
    write_report(path, outcome())
    assert json.loads(path.read_text(encoding="utf-8"))["seconds"] == 1.5
    with pytest.raises(FakefalError, match=r"^cannot write .*report\.json/x\.xml: "):
        write_report(path / "x.xml", outcome())
