"""Replays what was imported."""

from __future__ import annotations

import json
from typing import Any

from fakefal.recorder.capture.captures import Recording
from fakefal.recorder.capture.redaction import Redactor
from fakefal.recorder.distil.distil import distil
from fakefal.recorder.importers.foreign import ImportResult
from tests.callers import running_caller


def scenario_of(imported: ImportResult) -> dict[str, Any]:
    """The scenario for an imported file."""
    recording = Recording("a file", 1_790_000_000.0, imported.captures)
    data = distil(recording, Redactor(), version="0").scenario
    data["exchanges"] += imported.exchanges
    return data


async def replayed(imported: ImportResult) -> list[tuple[str, int, Any]]:
    """The response to each captured request in a replay: path, status, JSON body or bytes."""
    responses = []
    async with running_caller(scenario_of(imported), clock="instant") as caller:
        for capture in imported.captures:
            request = capture.request
            path = f"{request.path}?{request.query}" if request.query else request.path
            response = await caller.request(
                request.method, path, host=request.host, data=request.body or None
            )
            try:
                body = json.loads(response.body)
            except ValueError:
                body = response.body
            responses.append((request.path, response.status, body))
    return responses
