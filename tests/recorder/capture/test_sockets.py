from __future__ import annotations

from pathlib import Path

import aiohttp
import msgpack
import pytest

from tests.building import exchange, scenario
from tests.recorder.recording_proxy import recording

PATH = "/fal.run/fal-ai/any-llm/realtime"
HEADERS = {"Authorization": "Key id:secret"}


async def test_frames_go_both_ways_and_the_file_says_that_they_are_not_kept(tmp_path: Path) -> None:
    upstream = scenario(exchange({"text": "through"}))
    async with recording(tmp_path / "a.yaml", upstream) as both:
        session = both.caller.session
        async with session.ws_connect(f"{both.recorder.url}{PATH}", headers=HEADERS) as line:
            await line.send_bytes(msgpack.packb({"prompt": "x"}))
            message = await line.receive(10)
            assert msgpack.unpackb(message.data)["output"] == "through"
    text = both.path.read_text(encoding="utf-8")
    assert "# Not recorded: WebSocket fal.run/fal-ai/any-llm/realtime: passed through" in text


async def test_a_refusal_before_the_upgrade_is_handed_on(tmp_path: Path) -> None:
    async with recording(tmp_path / "a.yaml", scenario(exchange())) as both:
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await both.caller.session.ws_connect(f"{both.recorder.url}{PATH}")
        assert caught.value.status == 401


async def test_how_upstream_closes_is_how_it_is_closed(tmp_path: Path) -> None:
    upstream = scenario(exchange(), realtime_text="error")
    async with recording(tmp_path / "a.yaml", upstream) as both:
        session = both.caller.session
        async with session.ws_connect(f"{both.recorder.url}{PATH}", headers=HEADERS) as line:
            await line.send_str("text")
            assert "INTERNAL_ERROR" in (await line.receive(10)).data
            await line.receive(10)
            assert line.close_code == 1000
