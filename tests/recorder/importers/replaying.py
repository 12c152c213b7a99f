"""What was imported, distilled and asked again."""

from __future__ import annotations

import json
from typing import Any

from fakefal.recorder.capture.captures import Recording
from fakefal.recorder.capture.redaction import Redactor
from fakefal.recorder.distil.distil import distil
from fakefal.recorder.importers.foreign import Imported
from tests.callers import calling


def scenario_of(imported: Imported) -> dict[str, Any]:
    """The scenario that a foreign file becomes."""
    recording = Recording("a file", 1_790_000_000.0, imported.captures)
    data = distil(recording, Redactor(), version="0").data
    data["exchanges"] += imported.exchanges
    return data


async def replayed(imported: Imported) -> list[tuple[str, int, Any]]:
    """What each captured request gets once more: path, status, JSON body or the bytes."""
    found = []
    async with calling(scenario_of(imported), clock="instant") as caller:
        for capture in imported.captures:
            it = capture.asked
            path = f"{it.path}?{it.query}" if it.query else it.path
            heard = await caller.ask(it.method, path, host=it.host, data=it.body or None)
            try:
                body = json.loads(heard.body)
            except ValueError:
                body = heard.body
            found.append((it.path, heard.status, body))
    return found
