from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakefal.protocol import sse
from fakefal.recorder.capture.captures import Capture
from fakefal.recorder.distil.stream_replies import framing_of
from tests.callers import RUN, running_caller
from tests.recorder.distil.test_distil import OBJECTS, TEXTS
from tests.recorder.sessions import distil_captures, make_stream, reply_of


def growing(*texts: str) -> list[dict[str, Any]]:
    """The events of a language model."""
    parts = ["".join(texts[: number + 1]) for number in range(len(texts))]
    events = [{"output": text, "reasoning": None, "partial": True, "error": None} for text in parts]
    return [*events, {**events[-1], "partial": False}] if events else []


async def replayed(capture: Capture) -> list[Any]:
    async with running_caller(distil_captures(capture).scenario, clock="instant") as caller:
        response = await caller.request(
            "POST", capture.request.path, host=RUN, data=capture.request.body
        )
        assert response.status == 200, response.body
        return [json.loads(event.data) for event in sse.Decoder().feed(response.body)]


def test_a_language_model_streams_text_in_chunks() -> None:
    reply = reply_of(make_stream(growing("Ship", " it."), [0.1, 0.15, 0.2]))
    assert reply == {
        "text": "Ship it.",
        "stream": {"chunks": ["Ship", " it."], "first": "100ms", "every": "50ms"},
    }


def test_other_models_stream_events_and_their_output() -> None:
    events = [{"progress": 0.5}, {"done": True}]
    reply = reply_of(make_stream(events, [0.0, 0.0], endpoint="acme/app", framing=sse.DATA_LF))
    assert reply == {"output": {"done": True}, "stream": {"events": [{"progress": 0.5}]}}


def test_uneven_pauses_are_listed() -> None:
    reply = reply_of(
        make_stream([{"n": 1}, {"n": 2}, {"n": 3}], [0.1, 0.5, 0.6], endpoint="acme/app")
    )
    assert reply["stream"]["waits"] == ["100ms", "400ms", "100ms"]


@settings(max_examples=30, deadline=None)
@given(st.lists(TEXTS.filter(bool), min_size=1, max_size=5))
async def test_any_text_streams_again_in_the_same_chunks(texts: list[str]) -> None:
    events = growing(*texts)
    assert await replayed(make_stream(events, [0.0] * len(events))) == events


@settings(max_examples=30, deadline=None)
@given(st.lists(OBJECTS, max_size=5))
async def test_any_events_stream_again(events: list[Any]) -> None:
    times = [0.0] * len(events)
    assert await replayed(make_stream(events, times, endpoint="acme/app")) == events


async def test_a_broken_stream_breaks_in_the_replay() -> None:
    import aiohttp

    broken = make_stream([{"n": 1}, {"n": 2}], [0.0, 0.0], endpoint="acme/app", cut="reset")
    async with running_caller(distil_captures(broken).scenario, clock="instant") as caller:
        read: list[bytes] = []

        async def listen() -> None:
            request = caller.open_request(
                "POST", broken.request.path, host=RUN, data=broken.request.body
            )
            async with request as response:
                async for chunk in response.content.iter_any():
                    read.append(chunk)

        with pytest.raises(aiohttp.ClientError):
            await listen()
    events = sse.Decoder().feed(b"".join(read))
    assert [json.loads(event.data) for event in events] == [{"n": 1}, {"n": 2}]


@pytest.mark.parametrize("name", sse.FRAMINGS)
def test_the_framing_of_a_stream_is_recognised(name: str) -> None:
    capture = make_stream([{"n": 1}], [0.0], framing=sse.FRAMINGS[name])
    assert framing_of(capture.response) == name


def test_an_unusual_framing_becomes_an_option() -> None:
    distilled = distil_captures(
        make_stream([{"n": 1}], [0.0], endpoint="acme/app", framing=sse.DATA_CRLF)
    )
    assert distilled.scenario["options"]["stream_sse"] == "plain-crlf"


def test_the_beginning_of_a_secret_is_redacted_too() -> None:
    events = growing("the key is ", "sk-abcd", "efghijklmnop", "qrstuvwxyz1234 ok")
    reply = reply_of(make_stream(events, [0.0] * len(events)))
    assert "sk-" not in json.dumps(reply)
    assert reply["output"]["output"] == "the key is [redacted] ok"


def test_a_stream_of_other_events_becomes_a_route() -> None:
    capture = make_stream([{"n": 1}], [0.0])
    from dataclasses import replace

    from fakefal.recorder.capture.captures import RecordedResponse

    done = replace(
        capture,
        response=RecordedResponse(200, capture.response.headers, ((0.0, b"data: [DONE]\n\n"),)),
    )
    distilled = distil_captures(done)
    assert "[DONE]" in distilled.raw[0]
    assert distilled.scenario["routes"][0]["reply"]["stream"] == {"chunks": ["data: [DONE]\n\n"]}
    assert distil_captures(make_stream([], [])).notes == []


def test_a_stream_with_other_event_names_becomes_a_route() -> None:
    for name in ("message", "event"):
        framing = sse.Framing("\r\n", name)
        capture = make_stream([{"output": "a", "partial": False}], [0.0], framing=framing)
        distilled = distil_captures(capture)
        assert bool(distilled.raw) == (name == "message")
