"""Runs scripts of sockets without a socket."""

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


class Session:
    """A running script and the messages that it has sent."""

    def __init__(self, frames: list[Any], *rules: dict[str, Any], clock: str = "manual") -> None:
        reply: dict[str, Any] = {"frames": frames}
        if rules:
            reply["on_message"] = list(rules)
        self.tenant: Tenant = make_tenant(exchange(reply, when={"via": "socket"}), clock=clock)
        call = make_call("acme/chat", "socket", {"name": "Ann"})
        runner = self.tenant.sockets.open_script(call, may_reject=True)
        assert runner is not None
        self.runner: ScriptRunner = runner
        self.sent: list[Any] = []
        self.task = asyncio.ensure_future(self.runner.run(self._send))

    async def _send(self, message: bytes | str) -> None:
        self.sent.append(message)

    async def __aenter__(self) -> Session:
        await asyncio.sleep(0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.task.cancel()

    async def deliver(self, message: Json) -> None:
        self.runner.on_message(message)
        for _ in range(5):
            await self.tenant.clock.yield_to_loop()

    async def ended(self) -> Cut:
        return await within_limit(self.task)

    @property
    def notes(self) -> list[str]:
        return [entry.note for entry in self.tenant.journal if entry.kind == "lint"]


async def test_a_script_waits_for_what_it_receives() -> None:
    script = [{"text": "a"}, {"receive": {"n": 2}}, {"json": "{{ input.n }}"}, {"close": 4000}]
    async with Session(script) as session:
        assert session.sent == ["a"]
        await session.deliver({"n": 1})
        assert session.sent == ["a"]
        assert session.notes == ["a message was ignored: nothing in the script answers it"]
        await session.deliver({"n": 2})
        assert session.sent == ["a", "2"]
        assert (await session.ended()).close_code == 4000


async def test_rules_answer_matching_messages_at_any_time() -> None:
    rules = (
        {"input": "ping", "frames": [{"text": "pong"}], "times": 2},
        {"frames": [{"text": "?"}]},
    )
    async with Session([{"receive": "go"}, {"text": "gone"}], *rules) as session:
        for message in ("ping", "x", "ping", "ping", "go", "ping"):
            await session.deliver(message)
        assert session.sent == ["pong", "?", "pong", "?", "gone", "?"]
        assert not session.task.done()


async def test_an_early_message_is_kept_for_its_receive() -> None:
    rule = {"input": "ping", "frames": [{"text": "pong"}]}
    async with Session([{"wait": "10s"}, {"receive": "go"}, {"text": "gone"}], rule) as session:
        await session.deliver("go")
        await session.deliver("ping")
        assert session.sent == ["pong"]
        session.tenant.clock.advance(10)
        await wait_until(lambda: session.sent == ["pong", "gone"])
        assert not session.notes


async def test_an_instant_clock_does_not_wait() -> None:
    async with Session([{"wait": "1h"}, {"text": "a"}, "hang"], clock="instant") as session:
        end = await session.ended()
        assert session.sent == ["a"]
        assert (end.kind, end.stall_seconds) == ("stall", float("inf"))


async def test_a_script_can_end_in_several_ways() -> None:
    for frame, cut in (
        ("reset", Cut("reset", "end")),
        ("drop", Cut("close", "end")),
        ({"close": 1000, "reason": "bye"}, Cut("close", "end", close_code=1000, reason="bye")),
    ):
        async with Session([frame]) as session:
            assert await session.ended() == cut


async def test_a_replaced_tenant_ends_the_script_anywhere() -> None:
    for script in ([], [{"receive": 1}], [{"wait": "1h"}]):
        async with Session(script) as session:
            session.runner.stop()
            assert (await session.ended()).close_code == 1001


async def test_a_frame_that_cannot_be_rendered_ends_the_script_and_is_journalled() -> None:
    async with Session([{"json": {"a": "{{ input.nobody.at_all }}"}}]) as session:
        end = await session.ended()
        assert (end.close_code, len(end.reason.encode()) <= 123) == (1011, True)
        assert "nobody" in end.reason
        assert session.notes[0].startswith("fakefal could not render a frame: ")


async def test_at_most_a_thousand_messages_wait() -> None:
    async with Session([{"wait": "1h"}]) as session:
        for number in range(1_005):
            session.runner.on_message({"n": number})
        assert len(session.notes) == 5


async def test_a_reply_sends_its_frames_for_one_input() -> None:
    tenant = make_tenant(
        exchange({"frames": [{"wait": "1s"}, {"json": "{{ input.a }}"}, "garbage"]})
    )
    call = make_call("acme/live", "realtime", {"a": 5})
    runner = tenant.sockets.script_runner(call, tenant.resolver.resolve(call, None))
    assert runner is not None
    sent: list[bytes | str] = []

    async def send(message: bytes | str) -> None:
        sent.append(message)

    waiting = asyncio.ensure_future(runner.reply({"a": 5}, send))
    await tenant.clock.yield_to_loop()
    tenant.clock.advance(1)
    assert await within_limit(waiting) is None
    assert json.loads(sent[0]) == 5
    assert isinstance(sent[1], bytes)
