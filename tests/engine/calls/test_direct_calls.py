"""Direct runs and streams: durations, outcomes, faults."""

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
from tests.engine.tenants import make_tenant_in


def tenant_with(reply: dict[str, Any] | None = None, **parts: Any) -> Tenant:
    return make_tenant_in(exchange({"text": "a b", **(reply or {})}), clock="instant", **parts)


def streamed(reply: dict[str, Any] | None = None, **parts: Any) -> StreamedReply:
    return tenant_with(reply, **parts).stream(make_call(via="stream"))


SLOW = [{"IN_QUEUE": {"for": 2}}, {"IN_PROGRESS": {"for": 3}}, {"IN_PROGRESS": {"for": 4}}]


@pytest.mark.parametrize(
    ("reply", "options", "parts", "status", "seconds"),
    [
        ({}, {}, {}, 200, 0),
        ({"timeline": SLOW}, {}, {}, 200, 7),
        ({"timeline": SLOW}, {"start_timeout_seconds": 1.5}, {}, 504, 1.5),
        ({"timeline": SLOW}, {"start_timeout_seconds": 2}, {}, 200, 7),
        ({"timeline": SLOW}, {}, {"apps": {"*": {"request_timeout": "6s"}}}, 504, 6),
        ({"timeline": SLOW}, {}, {"apps": {"*": {"request_timeout": "7s"}}}, 200, 7),
        ({"timeline": SLOW, "retries": 1}, {}, {}, 503, 7),
        ({"timeline": SLOW, "fail": "generation_timeout"}, {}, {}, 504, 7),
    ],
)
async def test_a_run_has_the_scripted_duration_and_outcome(
    reply: dict[str, Any],
    options: dict[str, Any],
    parts: dict[str, Any],
    status: int,
    seconds: float,
) -> None:
    outcome = {} if "fail" in reply else {"text": "x"}
    tenant = make_tenant_in(exchange({**outcome, **reply}), clock="instant", **parts)
    before = tenant.clock.now()
    call = make_call(via="run", platform_options=PlatformOptions(**options))
    resolution = await tenant.run(call)
    assert resolution.rendered.outcome.status == status
    assert tenant.clock.now() - before == seconds
    assert [(entry.kind, entry.status) for entry in tenant.journal] == [("call", status)]
    assert (resolution.units is None) == (status != 200)


def test_a_stream_that_fails_is_rejected_before_its_first_byte() -> None:
    with pytest.raises(ApiError) as caught:
        make_tenant_in(exchange({"fail": "content_policy"})).stream(make_call(via="stream"))
    assert caught.value.status == 422


@pytest.mark.parametrize(
    ("stream", "cut", "slices"),
    [
        ({}, None, None),
        ({"cut": {"after": 2}}, Cut("close", "body", event_count=2), None),
        ({"cut": {"how": "stall", "for": "3s"}}, Cut("stall", "body", stall_seconds=3.0), None),
        ({"slice": 4}, None, SlowBody(4, 0.0)),
        ({"cut": {"how": "error"}}, None, None),
        ({"stall": "3s"}, None, None),
    ],
)
def test_the_reply_scripts_the_fault_of_its_stream(
    stream: dict[str, Any], cut: Cut | None, slices: SlowBody | None
) -> None:
    stream_fault = streamed({"stream": stream}).fault
    if cut is None and slices is None:
        assert stream_fault is None
    else:
        assert stream_fault is not None
        assert (stream_fault.cut, stream_fault.slow_body) == (cut, slices)


def test_a_fault_of_the_request_overrides_the_reply() -> None:
    reply = {"stream": {"cut": {"after": 2}, "slice": 1}, "faults": {"stream": ["reset-headers"]}}
    stream_fault = streamed(reply).fault
    assert stream_fault is not None
    assert (stream_fault.name, stream_fault.cut) == ("reset-headers", Cut("reset", "head"))
    assert stream_fault.slow_body == SlowBody(1, 0.0)


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
def test_the_format_of_events_is_a_flag(option: str, endpoint: str, framing: str) -> None:
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
    streamed_reply = streamed({"stream": stream}, options=options)
    events = list(streamed_reply.events)
    assert [event["output"] for event in events] == texts
    if stream.get("cut"):
        assert (events[-1]["error"], events[-1]["partial"]) == ("The stream broke off", False)


def test_flags_change_a_cached_stream() -> None:
    tenant = tenant_with()
    first = tenant.stream(make_call(via="stream"))
    other = tenant_with(options={"repeat_complete": False}).stream(make_call(via="stream"))
    assert len(list(first.events)) == len(list(other.events)) + 1
    assert first.chunk_cache is not None
    assert first.chunk_cache is not other.chunk_cache


async def test_concurrent_runs_are_limited() -> None:
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
    resolutions = await asyncio.wait_for(asyncio.gather(*runs[:2]), 5)
    assert [resolution.rendered.outcome.status for resolution in resolutions] == [200, 200]
    assert sorted(entry.status for entry in tenant.journal) == [200, 200, 429]
    assert len({entry.request_id for entry in tenant.journal}) == 3


def test_a_stream_counts_as_running_while_it_is_written() -> None:
    tenant = make_tenant_in(account={"concurrency": 1})
    streaming = tenant.stream(make_call(via="stream"))
    with streaming.busy(), pytest.raises(ApiError):
        tenant.stream(make_call(via="stream"))
    assert tenant.stream(make_call(via="stream")).request_id


async def test_a_run_that_is_not_served_uses_no_exchange() -> None:
    tenant = make_tenant_in(exchange({"text": "x", "faults": {"run": ["hang", "reset"]}}, times=1))
    for name in ("hang", "reset"):
        with pytest.raises(FaultAbort, match=name):
            await tenant.run(make_call(via="run"))
    assert (await tenant.run(make_call(via="run"))).label == "exchanges[0]"
