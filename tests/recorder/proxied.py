"""A fake that records another one, both in one loop."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from fakefal.scenario.files.loader import Loaded, load_file
from fakefal.server.recording import RecordingWish
from fakefal.server.server import FakeFal
from tests.callers import Caller


@dataclass
class Both:
    """A caller of the recorder, the stand-in for fal behind it, and the recording."""

    caller: Caller
    upstream: FakeFal
    recorder: FakeFal
    path: Path

    @property
    def loaded(self) -> Loaded:
        return load_file(self.path)

    @property
    def asked(self) -> list[str]:
        """The calls that upstream saw, by endpoint."""
        records = self.upstream.controls("id:secret").calls()
        return [record.endpoint for record in records]


@asynccontextmanager
async def recording(
    path: Path, *upstream: Any, scenarios: tuple[Any, ...] = (), **wish: Any
) -> AsyncIterator[Both]:
    """A recorder in front of a fake with these scenarios; its own go before in mode ``new``."""
    async with (
        FakeFal(*upstream, clock="instant") as fal,
        aiohttp.ClientSession(auto_decompress=False) as session,
    ):
        fake = FakeFal(*scenarios, clock="instant")
        fake.record(RecordingWish(path, fal.url, **wish))
        async with fake:
            yield Both(Caller(session, fake), fal, fake, path)
