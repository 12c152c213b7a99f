"""A fakefal server that records another one, both in one event loop."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from fakefal.scenario.compiled.scenario import LoadedScenario
from fakefal.scenario.files.loader import load_file
from fakefal.server.recording import RecordingConfig
from fakefal.server.server import FakeFalServer
from tests.callers import Caller


@dataclass
class RecordingSetup:
    """A caller, the recorder, its upstream (a second fakefal server), and the recording."""

    caller: Caller
    upstream: FakeFalServer
    recorder: FakeFalServer
    path: Path

    @property
    def loaded(self) -> LoadedScenario:
        return load_file(self.path)

    @property
    def called_endpoints(self) -> list[str]:
        """The endpoints of the calls that upstream received."""
        records = self.upstream.controls("id:secret").calls()
        return [record.endpoint for record in records]


@asynccontextmanager
async def recording(
    path: Path, *upstream: Any, scenarios: tuple[Any, ...] = (), **options: Any
) -> AsyncIterator[RecordingSetup]:
    """A recorder in front of an upstream with these scenarios.

    ``scenarios`` are the recorder's own, which answer first in mode ``new``.
    """
    async with (
        FakeFalServer(*upstream, clock="instant") as server,
        aiohttp.ClientSession(auto_decompress=False) as session,
    ):
        recorder = FakeFalServer(*scenarios, clock="instant")
        recorder.record(RecordingConfig(path, server.url, **options))
        async with recorder:
            yield RecordingSetup(Caller(session, recorder), server, recorder, path)
