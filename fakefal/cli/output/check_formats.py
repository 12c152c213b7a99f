"""The outputs of ``fakefal check``: for people, programs, GitHub Actions, and code scanning."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from fakefal._version import __version__
from fakefal.cli.terminal import Terminal, pluralize
from fakefal.errors import ScenarioProblem


@dataclass
class CheckResult:
    """The valid files with their number of exchanges, and what was found in all files."""

    files: list[tuple[str, int]] = field(default_factory=list)
    problems: list[ScenarioProblem] = field(default_factory=list)
    warnings: list[ScenarioProblem] = field(default_factory=list)
    routes: dict[str, int] = field(default_factory=dict)
    """The number of routes of files that have some."""

    @property
    def findings(self) -> Iterable[tuple[str, ScenarioProblem]]:
        """Pairs of severity (``error``, ``warning``) and problem."""
        yield from (("error", problem) for problem in self.problems)
        yield from (("warning", problem) for problem in self.warnings)


def _write_text(result: CheckResult, terminal: Terminal) -> None:
    for file, count in result.files:
        routes = f", {pluralize(result.routes[file], 'route')}" if file in result.routes else ""
        terminal.write_line(f"{file}: ok, {pluralize(count, 'exchange')}{routes}")
    for warning in result.warnings:
        terminal.write_error(f"warning: {warning}")
    for problem in result.problems:
        terminal.write_error(str(problem))
    if result.problems:
        terminal.write_error(pluralize(len(result.problems), "problem"))


def _write_json(result: CheckResult, terminal: Terminal) -> None:
    body = {
        "files": [{"file": file, "exchanges": count} for file, count in result.files],
        "problems": [
            {
                "severity": severity,
                "file": problem.file,
                "line": problem.line,
                "column": problem.column,
                "path": problem.path,
                "message": problem.message,
                "suggestion": problem.suggestion,
            }
            for severity, problem in result.findings
        ],
    }
    terminal.write_line(json.dumps(body, indent=2, ensure_ascii=False))


def _write_github(result: CheckResult, terminal: Terminal) -> None:
    """Workflow commands: docs.github.com, Workflow commands for GitHub Actions."""
    for severity, problem in result.findings:
        place = f"file={_property(problem.file)}"
        if problem.line:
            place += f",line={problem.line},col={problem.column}"
        text = _text(problem).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
        terminal.write_line(f"::{severity} {place},title=fakefal check::{text}")


def _property(value: str) -> str:
    for character, escaped in (
        *(("%", "%25"), ("\r", "%0D"), ("\n", "%0A")),
        *((":", "%3A"), (",", "%2C")),
    ):
        value = value.replace(character, escaped)
    return value


def _write_sarif(result: CheckResult, terminal: Terminal) -> None:
    """SARIF 2.1.0: docs.oasis-open.org/sarif/sarif/v2.1.0."""
    rules = {
        "error": {"id": "scenario", "shortDescription": {"text": "The scenario is not valid."}},
        "warning": {"id": "advice", "shortDescription": {"text": "Valid, probably not meant."}},
    }
    results = [
        {
            "ruleId": rules[severity]["id"],
            "level": severity,
            "message": {"text": _text(problem)},
            "locations": [{"physicalLocation": _sarif_location(problem)}],
        }
        for severity, problem in result.findings
    ]
    driver = {"name": "fakefal", "version": __version__, "rules": list(rules.values())}
    body = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }
    terminal.write_line(json.dumps(body, indent=2, ensure_ascii=False))


def _sarif_location(problem: ScenarioProblem) -> dict[str, Any]:
    location: dict[str, Any] = {"artifactLocation": {"uri": problem.file.replace("\\", "/")}}
    if problem.line:
        location["region"] = {"startLine": problem.line, "startColumn": problem.column}
    return location


def _text(problem: ScenarioProblem) -> str:
    path = f"{problem.path}: " if problem.path else ""
    suggestion = f" — {problem.suggestion}" if problem.suggestion else ""
    return f"{path}{problem.message}{suggestion}"


FORMATS: dict[str, Callable[[CheckResult, Terminal], None]] = {
    "text": _write_text,
    "json": _write_json,
    "github": _write_github,
    "sarif": _write_sarif,
}
