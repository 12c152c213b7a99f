"""A fake that records another one, both in one loop."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from fakefal.scenario.files.loader import LoadedScenario, load_file
from fakefal.server.recording import RecordingConfig
from fakefal.server.server import FakeFalServer
from tests.callers import Caller


@dataclass
class RecordingSetup:
    """A caller of the recorder, the stand-in for fal behind it, and the recording."""

    caller: Caller
    upstream: FakeFalServer
    recorder: FakeFalServer
    path: Path

    @property
    def loaded(self) -> LoadedScenario:
        return load_file(self.path)

    @property
    def called_endpoints(self) -> list[str]:
        """The calls that upstream saw, by endpoint."""
        records = self.upstream.controls("id:secret").calls()
        return [record.endpoint for record in records]


@asynccontextmanager
async def recording(
    path: Path, *upstream: Any, scenarios: tuple[Any, ...] = (), **options: Any
) -> AsyncIterator[RecordingSetup]:
    """A recorder in front of a fake with these scenarios; its own go before in mode ``new``."""
    async with (
        FakeFalServer(*upstream, clock="instant") as fal,
        aiohttp.ClientSession(auto_decompress=False) as session,
    ):
        fake = FakeFalServer(*scenarios, clock="instant")
        fake.record(RecordingConfig(path, fal.url, **options))
        async with fake:
            yield RecordingSetup(Caller(session, fake), fal, fake, path)
