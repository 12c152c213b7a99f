"""Scripted sockets, without a socket."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from fakefal.engine.sockets.script_runner import ScriptRunner
from fakefal.engine.tenant import Tenant
from fakefal.protocol.core.call import Json
from fakefal.protocol.errors.fault import Cut
from tests.building import exchange, make_call, make_tenant
from tests.callers import wait_until, within_limit


class Played:
    """A dialogue that goes on, what it has sent, and how it ended."""

    def __init__(self, frames: list[Any], *rules: dict[str, Any], clock: str = "manual") -> None:
        reply: dict[str, Any] = {"frames": frames}
        if rules:
            reply["on_message"] = list(rules)
        self.tenant: Tenant = make_tenant(exchange(reply, when={"via": "socket"}), clock=clock)
        call = make_call("acme/chat", "socket", {"name": "Ann"})
        found = self.tenant.sockets.open_script(call, may_reject=True)
        assert found is not None
        self.dialogue: ScriptRunner = found
        self.sent: list[Any] = []
        self.task = asyncio.ensure_future(self.dialogue.run(self._send))

    async def _send(self, message: bytes | str) -> None:
        self.sent.append(message)

    async def __aenter__(self) -> Played:
        await asyncio.sleep(0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.task.cancel()

    async def heard(self, message: Json) -> None:
        self.dialogue.on_message(message)
        for _ in range(5):
            await self.tenant.clock.yield_to_loop()

    async def ended(self) -> Cut:
        return await within_limit(self.task)

    @property
    def notes(self) -> list[str]:
        return [entry.note for entry in self.tenant.journal if entry.kind == "lint"]


async def test_a_script_waits_for_what_it_receives() -> None:
    script = [{"text": "a"}, {"receive": {"n": 2}}, {"json": "{{ input.n }}"}, {"close": 4000}]
    async with Played(script) as played:
        assert played.sent == ["a"]
        await played.heard({"n": 1})
        assert played.sent == ["a"]
        assert played.notes == ["a message was ignored: nothing in the script answers it"]
        await played.heard({"n": 2})
        assert played.sent == ["a", "2"]
        assert (await played.ended()).close_code == 4000


async def test_rules_answer_whenever_a_message_fits() -> None:
    rules = (
        {"input": "ping", "frames": [{"text": "pong"}], "times": 2},
        {"frames": [{"text": "?"}]},
    )
    async with Played([{"receive": "go"}, {"text": "gone"}], *rules) as played:
        for message in ("ping", "x", "ping", "ping", "go", "ping"):
            await played.heard(message)
        assert played.sent == ["pong", "?", "pong", "?", "gone", "?"]
        assert not played.task.done()


async def test_a_message_that_comes_early_is_kept_for_its_receive() -> None:
    rule = {"input": "ping", "frames": [{"text": "pong"}]}
    async with Played([{"wait": "10s"}, {"receive": "go"}, {"text": "gone"}], rule) as played:
        await played.heard("go")
        await played.heard("ping")
        assert played.sent == ["pong"]
        played.tenant.clock.advance(10)
        await wait_until(lambda: played.sent == ["pong", "gone"])
        assert not played.notes


async def test_the_instant_clock_waits_for_nobody() -> None:
    async with Played([{"wait": "1h"}, {"text": "a"}, "hang"], clock="instant") as played:
        end = await played.ended()
        assert played.sent == ["a"]
        assert (end.kind, end.stall_seconds) == ("stall", float("inf"))


async def test_the_ways_to_end() -> None:
    for frame, cut in (
        ("reset", Cut("reset", "end")),
        ("drop", Cut("close", "end")),
        ({"close": 1000, "reason": "bye"}, Cut("close", "end", close_code=1000, reason="bye")),
    ):
        async with Played([frame]) as played:
            assert await played.ended() == cut


async def test_another_tenant_ends_it_wherever_it_stands() -> None:
    for script in ([], [{"receive": 1}], [{"wait": "1h"}]):
        async with Played(script) as played:
            played.dialogue.stop()
            assert (await played.ended()).close_code == 1001


async def test_a_frame_that_cannot_be_rendered_ends_it_and_is_told() -> None:
    async with Played([{"json": {"a": "{{ input.nobody.at_all }}"}}]) as played:
        end = await played.ended()
        assert (end.close_code, len(end.reason.encode()) <= 123) == (1011, True)
        assert "nobody" in end.reason
        assert played.notes[0].startswith("fakefal could not render a frame: ")


async def test_a_thousand_messages_wait_and_no_more() -> None:
    async with Played([{"wait": "1h"}]) as played:
        for number in range(1_005):
            played.dialogue.on_message({"n": number})
        assert len(played.notes) == 5


async def test_a_reply_sends_its_frames_for_one_input() -> None:
    tenant = make_tenant(
        exchange({"frames": [{"wait": "1s"}, {"json": "{{ input.a }}"}, "garbage"]})
    )
    call = make_call("acme/live", "realtime", {"a": 5})
    dialogue = tenant.sockets.script_runner(call, tenant.resolver.resolve(call, None))
    assert dialogue is not None
    sent: list[bytes | str] = []

    async def send(message: bytes | str) -> None:
        sent.append(message)

    waiting = asyncio.ensure_future(dialogue.reply({"a": 5}, send))
    await tenant.clock.yield_to_loop()
    tenant.clock.advance(1)
    assert await within_limit(waiting) is None
    assert json.loads(sent[0]) == 5
    assert isinstance(sent[1], bytes)
