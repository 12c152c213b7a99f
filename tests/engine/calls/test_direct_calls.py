"""Direct runs and streams: how long they take, how they end, what happens to them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fakefal.engine.calls.direct_calls import StreamedReply
from fakefal.engine.tenant import Tenant
from fakefal.protocol.core.platform_options import PlatformOptions
from fakefal.protocol.errors.errors import ApiError
from fakefal.protocol.errors.fault import Cut, FaultAbort, SlowBody
from tests.building import exchange, make_call
from tests.engine.living import make_tenant_in


def tenant_with(reply: dict[str, Any] | None = None, **parts: Any) -> Tenant:
    return make_tenant_in(exchange({"text": "a b", **(reply or {})}), clock="instant", **parts)


def streamed(reply: dict[str, Any] | None = None, **parts: Any) -> StreamedReply:
    return tenant_with(reply, **parts).stream(make_call(via="stream"))


SLOW = [{"IN_QUEUE": {"for": 2}}, {"IN_PROGRESS": {"for": 3}}, {"IN_PROGRESS": {"for": 4}}]


@pytest.mark.parametrize(
    ("reply", "wishes", "parts", "status", "seconds"),
    [
        ({}, {}, {}, 200, 0),
        ({"timeline": SLOW}, {}, {}, 200, 7),
        ({"timeline": SLOW}, {"start_seconds": 1.5}, {}, 504, 1.5),
        ({"timeline": SLOW}, {"start_seconds": 2}, {}, 200, 7),
        ({"timeline": SLOW}, {}, {"apps": {"*": {"request_timeout": "6s"}}}, 504, 6),
        ({"timeline": SLOW}, {}, {"apps": {"*": {"request_timeout": "7s"}}}, 200, 7),
        ({"timeline": SLOW, "retries": 1}, {}, {}, 503, 7),
        ({"timeline": SLOW, "fail": "generation_timeout"}, {}, {}, 504, 7),
    ],
)
async def test_a_run_takes_its_time_and_ends_as_it_is_to(
    reply: dict[str, Any],
    wishes: dict[str, Any],
    parts: dict[str, Any],
    status: int,
    seconds: float,
) -> None:
    outcome = {} if "fail" in reply else {"text": "x"}
    tenant = make_tenant_in(exchange({**outcome, **reply}), clock="instant", **parts)
    before = tenant.clock.now()
    call = make_call(via="run", wishes=PlatformOptions(**wishes))
    answer = await tenant.run(call)
    assert answer.rendered.outcome.status == status
    assert tenant.clock.now() - before == seconds
    assert [(it.kind, it.status) for it in tenant.journal] == [("call", status)]
    assert (answer.units is None) == (status != 200)


def test_a_stream_that_fails_is_refused_before_its_first_byte() -> None:
    with pytest.raises(ApiError) as caught:
        make_tenant_in(exchange({"fail": "content_policy"})).stream(make_call(via="stream"))
    assert caught.value.status == 422


@pytest.mark.parametrize(
    ("stream", "cut", "drip"),
    [
        ({}, None, None),
        ({"cut": {"after": 2}}, Cut("close", "body", event_count=2), None),
        ({"cut": {"how": "stall", "for": "3s"}}, Cut("stall", "body", stall_seconds=3.0), None),
        ({"slice": 4}, None, SlowBody(4, 0.0)),
        ({"cut": {"how": "error"}}, None, None),
        ({"stall": "3s"}, None, None),
    ],
)
def test_what_a_reply_says_of_its_stream_happens_to_it(
    stream: dict[str, Any], cut: Cut | None, drip: SlowBody | None
) -> None:
    trouble = streamed({"stream": stream}).fault
    if cut is None and drip is None:
        assert trouble is None
    else:
        assert trouble is not None
        assert (trouble.cut, trouble.slow_body) == (cut, drip)


def test_a_fault_of_the_request_goes_before_the_reply() -> None:
    reply = {"stream": {"cut": {"after": 2}, "slice": 1}, "faults": {"stream": ["reset-headers"]}}
    trouble = streamed(reply).fault
    assert trouble is not None
    assert (trouble.name, trouble.cut) == ("reset-headers", Cut("reset", "head"))
    assert trouble.slow_body == SlowBody(1, 0.0)


@pytest.mark.parametrize(
    ("option", "endpoint", "framing"),
    [
        ("by-model", "fal-ai/any-llm", "named-crlf"),
        ("by-model", "openrouter/router", "named-crlf"),
        ("by-model", "fal-ai/flux", "plain"),
        ("plain", "fal-ai/any-llm", "plain"),
        ("plain-crlf", "fal-ai/any-llm", "plain-crlf"),
        ("named-crlf", "fal-ai/flux", "named-crlf"),
    ],
)
def test_how_events_are_written_is_a_switch(option: str, endpoint: str, framing: str) -> None:
    tenant = make_tenant_in(options={"stream_sse": option})
    body = {"prompt": "x", "model": "m"} if "router" in endpoint else None
    assert tenant.stream(make_call(endpoint, "stream", body)).sse == framing


@pytest.mark.parametrize(
    ("stream", "options", "texts"),
    [
        ({}, {}, ["a", "a b", "a b"]),
        ({}, {"repeat_complete": False}, ["a", "a b"]),
        ({"final": False}, {}, ["a", "a b"]),
        ({"cut": {"after": 1, "how": "error"}}, {}, ["a", "a"]),
        ({"cut": {"after": 9, "how": "error"}}, {}, ["a", "a b", "a b", "a b"]),
        ({"cut": {"after": 0, "how": "error"}}, {}, [""]),
    ],
)
def test_the_events_of_a_stream(
    stream: dict[str, Any], options: dict[str, Any], texts: list[str]
) -> None:
    found = streamed({"stream": stream}, options=options)
    events = list(found.events)
    assert [it["output"] for it in events] == texts
    if stream.get("cut"):
        assert (events[-1]["error"], events[-1]["partial"]) == ("The stream broke off", False)


def test_switches_change_a_stream_that_was_kept() -> None:
    tenant = tenant_with()
    first = tenant.stream(make_call(via="stream"))
    other = tenant_with(options={"repeat_complete": False}).stream(make_call(via="stream"))
    assert len(list(first.events)) == len(list(other.events)) + 1
    assert first.chunk_cache is not None
    assert first.chunk_cache is not other.chunk_cache


async def test_only_so_many_run_at_the_same_time() -> None:
    tenant = make_tenant_in(
        exchange({"text": "x", "timeline": [{"IN_PROGRESS": {"for": 5}}]}),
        account={"concurrency": 2},
    )
    runs = [asyncio.create_task(tenant.run(make_call(via="run"))) for _ in range(3)]
    await asyncio.sleep(0)
    assert runs[2].done()
    with pytest.raises(ApiError) as caught:
        await runs[2]
    assert caught.value.body == {
        "detail": "Reached concurrent requests limit of 2",
        "type": "concurrent_requests_limit",
        "data": {"limit": 2},
    }
    tenant.clock.advance(5)
    answers = await asyncio.wait_for(asyncio.gather(*runs[:2]), 5)
    assert [it.rendered.outcome.status for it in answers] == [200, 200]
    assert sorted(it.status for it in tenant.journal) == [200, 200, 429]
    assert len({it.request_id for it in tenant.journal}) == 3


def test_a_stream_takes_its_place_while_it_is_written() -> None:
    tenant = make_tenant_in(account={"concurrency": 1})
    streaming = tenant.stream(make_call(via="stream"))
    with streaming.busy(), pytest.raises(ApiError):
        tenant.stream(make_call(via="stream"))
    assert tenant.stream(make_call(via="stream")).request_id


async def test_a_run_that_is_not_served_uses_up_nothing() -> None:
    tenant = make_tenant_in(exchange({"text": "x", "faults": {"run": ["hang", "reset"]}}, times=1))
    for name in ("hang", "reset"):
        with pytest.raises(FaultAbort, match=name):
            await tenant.run(make_call(via="run"))
    assert (await tenant.run(make_call(via="run"))).label == "exchanges[0]"
