from __future__ import annotations

from pathlib import Path

import aiohttp
import msgpack
import pytest

from tests.building import exchange, scenario
from tests.recorder.recording_proxy import recording

PATH = "/fal.run/fal-ai/any-llm/realtime"
HEADERS = {"Authorization": "Key id:secret"}


async def test_frames_are_relayed_and_noted_as_not_recorded(tmp_path: Path) -> None:
    upstream = scenario(exchange({"text": "through"}))
    async with recording(tmp_path / "a.yaml", upstream) as setup:
        session = setup.caller.session
        async with session.ws_connect(f"{setup.recorder.url}{PATH}", headers=HEADERS) as socket:
            await socket.send_bytes(msgpack.packb({"prompt": "x"}))
            message = await socket.receive(10)
            assert msgpack.unpackb(message.data)["output"] == "through"
    text = setup.path.read_text(encoding="utf-8")
    assert "# Not recorded: WebSocket fal.run/fal-ai/any-llm/realtime: forwarded" in text


async def test_a_rejected_handshake_keeps_its_status(tmp_path: Path) -> None:
    async with recording(tmp_path / "a.yaml", scenario(exchange())) as setup:
        with pytest.raises(aiohttp.WSServerHandshakeError) as error_info:
            await setup.caller.session.ws_connect(f"{setup.recorder.url}{PATH}")
        assert error_info.value.status == 401


async def test_the_close_code_of_upstream_is_relayed(tmp_path: Path) -> None:
    upstream = scenario(exchange(), realtime_text="error")
    async with recording(tmp_path / "a.yaml", upstream) as setup:
        session = setup.caller.session
        async with session.ws_connect(f"{setup.recorder.url}{PATH}", headers=HEADERS) as socket:
            await socket.send_str("text")
            assert "INTERNAL_ERROR" in (await socket.receive(10)).data
            await socket.receive(10)
            assert socket.close_code == 1000
