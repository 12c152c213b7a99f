"""The header of a recording: where it is from, when, and whether it is whole."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from fakefal.recorder.capture.captures import Recording
from fakefal.recorder.distil.request_groups import RequestGroups

UNSIGNED = f"sha256-{'0' * 16}"
"""Stands in the header's ``digest`` until the writer computes it."""


def recorded_header(recording: Recording, groups: RequestGroups, version: str) -> dict[str, Any]:
    """``recorded`` of a scenario, without its digest."""
    moment = datetime.fromtimestamp(recording.started_at, timezone.utc)
    header: dict[str, Any] = {
        "at": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        "source": recording.source,
    }
    if version:
        header["fakefal"] = version
    if recording.sources:
        header["sources"] = recording.sources
    if recording.clients:
        header["clients"] = recording.clients
    if recording.is_live:
        header["calls"] = len(groups.jobs) + len(groups.direct) + len(groups.refused)
        facts = {
            "unfinished": _unfinished_count(groups),
            "exit_code": recording.exit_code,
            "upstream_errors": recording.upstream_errors,
        }
        header |= {name: value for name, value in facts.items() if value}
        if incompleteness(recording, groups):
            header["complete"] = False
    return header


def incompleteness(recording: Recording, groups: RequestGroups) -> list[str]:
    """Why a live recording is not complete; empty if it is, or if it was imported."""
    if not recording.is_live:
        return []
    reasons = []
    if not recording.ended:
        reasons.append("it was interrupted")
    if recording.exit_code:
        reasons.append(f"the command exited with {recording.exit_code}")
    if recording.upstream_errors:
        count = _count(recording.upstream_errors, "request")
        reasons.append(f"{count} did not reach {recording.source}")
    if not recording.captures:
        reasons.append("no call was made")
    if unfinished := _unfinished_count(groups):
        reasons.append(f"{_count(unfinished, 'call')} did not end")
    return reasons


def _unfinished_count(groups: RequestGroups) -> int:
    return sum(not job.is_finished and not job.cancels for job in groups.jobs.values())


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"
