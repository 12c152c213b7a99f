"""Writes the report of a run as JSON or JUnit XML."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import click

from fakefal.cli.run_report import RunReport
from fakefal.errors import FakefalError

_UNPRINTABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 does not allow (https://www.w3.org/TR/xml/#charsets)."""


def check_report(name: str) -> Path:
    """Check the extension of a report's path; raises click's BadParameter."""
    path = Path(name)
    if path.suffix not in (".json", ".xml"):
        raise click.BadParameter(f'"{name}" must end in .json or .xml (JUnit)')
    return path


def write_report(path: Path, report: RunReport) -> None:
    """Write a report in the format of its extension; raises FakefalError."""
    text = to_json(report) if path.suffix == ".json" else to_junit(report)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise FakefalError(f"cannot write {path}: {error.strerror or error}") from None


def to_json(report: RunReport) -> str:
    """``RunReport.body`` as indented JSON."""
    return json.dumps(report.body(), indent=2, ensure_ascii=False) + "\n"


def to_junit(report: RunReport) -> str:
    """A test suite with a case for the command, each exchange, each miss and each escape.

    Unused exchanges are skipped cases.
    """
    suite = ElementTree.Element("testsuite", name="fakefal run")
    _add_case(suite, "command", " ".join(report.command), _command_failure(report), report.seconds)
    for label, _ in report.used:
        _add_case(suite, "exchange", label.strip('"'))
    for label, location in report.unused:
        case = _add_case(suite, "exchange", label.strip('"'))
        ElementTree.SubElement(case, "skipped", message=_printable(f"answered no call; {location}"))
    for miss in report.misses:
        _add_case(suite, "miss", miss.subject, ("no exchange", str(miss)))
    for escape in report.escapes:
        text = "\n".join((str(escape), *escape.stack))
        _add_case(suite, "escape", escape.target, ("tried to reach the real fal", text))
    cases = list(suite)
    failed = sum(case.find("failure") is not None for case in cases)
    skipped = sum(case.find("skipped") is not None for case in cases)
    counts = {"tests": len(cases), "failures": failed, "errors": 0, "skipped": skipped}
    for name, number in counts.items():
        suite.set(name, str(number))
    suite.set("time", f"{report.seconds:.3f}")
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    head = '<?xml version="1.0" encoding="utf-8"?>\n'
    return f"{head}{ElementTree.tostring(root, encoding='unicode')}\n"


def _command_failure(report: RunReport) -> tuple[str, str] | None:
    if report.command_code == 0:
        return None
    return f"exit code {report.command_code}", f"{' '.join(report.command)} failed"


def _add_case(
    suite: ElementTree.Element,
    kind: str,
    name: str,
    failure: tuple[str, str] | None = None,
    seconds: float = 0.0,
) -> ElementTree.Element:
    attributes = {
        "classname": f"fakefal.{kind}",
        "name": _printable(name),
        "time": f"{seconds:.3f}",
    }
    case = ElementTree.SubElement(suite, "testcase", attributes)
    if failure is not None:
        failure_element = ElementTree.SubElement(case, "failure", message=_printable(failure[0]))
        failure_element.text = _printable(failure[1])
    return case


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub("�", text)
