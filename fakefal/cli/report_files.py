"""What a run came to, as files for machines: JSON, or JUnit as CI systems read it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import click

from fakefal.cli.run_report import Outcome
from fakefal.errors import FakefalError

_UNPRINTABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML cannot hold."""


def check_report(name: str) -> Path:
    """The path of a report; raises click's error for a name that does not say what it is to be."""
    path = Path(name)
    if path.suffix not in (".json", ".xml"):
        raise click.BadParameter(f'"{name}" ends in neither .json nor .xml (for JUnit)')
    return path


def write_report(path: Path, outcome: Outcome) -> None:
    """Write a file, in the form that its name asks for; raises FakefalError."""
    text = as_json(outcome) if path.suffix == ".json" else as_junit(outcome)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise FakefalError(f"cannot write {path}: {error.strerror or error}") from None


def as_json(outcome: Outcome) -> str:
    """``Outcome.body`` as text."""
    return json.dumps(outcome.body(), indent=2, ensure_ascii=False) + "\n"


def as_junit(outcome: Outcome) -> str:
    """A test suite: the command, each exchange (unused is skipped), each miss and each escape."""
    suite = ElementTree.Element("testsuite", name="fakefal run")
    _case(suite, "command", " ".join(outcome.command), _command_failure(outcome), outcome.seconds)
    for label, _ in outcome.used:
        _case(suite, "exchange", label.strip('"'))
    for label, place in outcome.unused:
        case = _case(suite, "exchange", label.strip('"'))
        ElementTree.SubElement(case, "skipped", message=_clean(f"answered no call; {place}"))
    for miss in outcome.misses:
        name = f"{miss.call.endpoint.text} ({miss.call.via})"
        _case(suite, "miss", name, ("no exchange", str(miss)))
    for escape in outcome.escapes:
        text = "\n".join((str(escape), *escape.stack))
        _case(suite, "escape", escape.target, ("the real fal was tried", text))
    cases = list(suite)
    failed = sum(case.find("failure") is not None for case in cases)
    skipped = sum(case.find("skipped") is not None for case in cases)
    counts = {"tests": len(cases), "failures": failed, "errors": 0, "skipped": skipped}
    for name, number in counts.items():
        suite.set(name, str(number))
    suite.set("time", f"{outcome.seconds:.3f}")
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    head = '<?xml version="1.0" encoding="utf-8"?>\n'
    return f"{head}{ElementTree.tostring(root, encoding='unicode')}\n"


def _command_failure(outcome: Outcome) -> tuple[str, str] | None:
    if outcome.command_code == 0:
        return None
    return f"exit code {outcome.command_code}", f"{' '.join(outcome.command)} failed"


def _case(
    suite: ElementTree.Element,
    kind: str,
    name: str,
    failure: tuple[str, str] | None = None,
    seconds: float = 0.0,
) -> ElementTree.Element:
    attributes = {"classname": f"fakefal.{kind}", "name": _clean(name), "time": f"{seconds:.3f}"}
    case = ElementTree.SubElement(suite, "testcase", attributes)
    if failure is not None:
        told = ElementTree.SubElement(case, "failure", message=_clean(failure[0]))
        told.text = _clean(failure[1])
    return case


def _clean(text: str) -> str:
    return _UNPRINTABLE.sub("�", text)
