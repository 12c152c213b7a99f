"""One scenario, one prompt, every way of asking: the same text comes."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fal_client
import pytest
from websockets.sync.client import connect

from fakefal.testing.fixture import FakeFal
from tests.blackbox.driving import environment
from tests.blackbox.installing import openai_python

pytestmark = pytest.mark.blackbox

SCENARIO = Path(__file__).parents[2] / "scenarios" / "every-way.yaml"
ANY_LLM = "fal-ai/any-llm"
ROUTER = "openrouter/router"
INPUT = {"prompt": "Write a tagline"}
ROUTED = {**INPUT, "model": "openai/gpt-4o"}
USAGE = {"total_tokens": 7, "cost": 4e-05, "prompt_tokens": 4, "completion_tokens": 3}

OPENAI = """
import json, sys, openai
url, key = sys.argv[1:]
client = openai.OpenAI(
    base_url=f"{url}/fal.run/openrouter/router/openai/v1",
    api_key="not used",
    default_headers={"Authorization": f"Key {key}"},
)
model, prompt = "openai/gpt-4o", "Write a tagline"
messages = [{"role": "system", "content": "Be short."}, {"role": "user", "content": prompt}]
chat = client.chat.completions
off = {"extra_body": {"reasoning": {"exclude": True}}}
whole = chat.create(model=model, messages=messages[1:], **off)
chunks = list(chat.create(model=model, messages=messages, stream=True))
response = client.responses.create(model=model, input=messages)
with client.responses.stream(model=model, input=prompt) as stream:
    streamed = stream.get_final_response()
print(json.dumps({
    "chat": whole.choices[0].message.content,
    "chat streamed": "".join(it.choices[0].delta.content or "" for it in chunks),
    "responses": response.output_text,
    "responses streamed": streamed.output_text,
    "usage": [whole.usage.prompt_tokens, whole.usage.completion_tokens, whole.usage.cost],
}))
"""


@pytest.fixture
def fake(fakefal: FakeFal) -> FakeFal:
    """The fake of one test, with the one scenario."""
    fakefal.load(SCENARIO)
    return fakefal


def over_socket(fake: FakeFal, endpoint: str, body: Any) -> list[str]:
    """HTTP over WebSocket: the frames between start and end, as text."""
    url = f"{fake.url.replace('http', 'ws', 1)}/ws.fal.run/{endpoint}"
    received: list[str] = []
    with connect(url, additional_headers={"Authorization": f"Key {fake.key}"}, proxy=None) as line:
        line.send(json.dumps(body))
        while True:
            frame = line.recv(timeout=10)
            text = frame if isinstance(frame, str) else frame.decode()
            meta = json.loads(text) if text.startswith('{"type"') else {}
            if meta.get("type") == "end":
                return received
            if meta.get("type") != "start":
                received.append(text)


def last_event(frames: list[str]) -> Any:
    data = [it for it in "".join(frames).splitlines() if it.startswith("data: ")]
    return json.loads(data[-1].removeprefix("data: "))


def in_realtime() -> Any:
    with fal_client.realtime(ANY_LLM) as line:
        line.send(INPUT)
        return line.recv()


WAYS: dict[str, Callable[[FakeFal], Any]] = {
    "queue": lambda _: fal_client.subscribe(ANY_LLM, INPUT),
    "run": lambda _: fal_client.run(ANY_LLM, INPUT),
    "stream": lambda _: list(fal_client.stream(ANY_LLM, INPUT))[-1],
    "enterprise": lambda _: fal_client.run(f"{ANY_LLM}/enterprise", INPUT),
    "ws": lambda fake: json.loads("".join(over_socket(fake, ANY_LLM, INPUT))),
    "ws stream": lambda fake: last_event(over_socket(fake, f"{ANY_LLM}/stream", INPUT)),
    "realtime": lambda _: in_realtime(),
    "router": lambda _: fal_client.run(ROUTER, ROUTED),
    "router queue": lambda _: fal_client.subscribe(ROUTER, ROUTED),
    "router stream": lambda _: list(fal_client.stream(ROUTER, ROUTED))[-1],
    "router enterprise": lambda _: fal_client.run(f"{ROUTER}/enterprise", ROUTED),
    "router ws": lambda fake: json.loads("".join(over_socket(fake, ROUTER, ROUTED))),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_calling_gives_the_same_text(fake: FakeFal, way: str) -> None:
    found = WAYS[way](fake)
    usage = {"usage": USAGE} if way.startswith("router") else {}
    assert found == {
        "output": "Ship it.",
        "reasoning": None,
        "partial": False,
        "error": None,
        **usage,
    }


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("vision", {"image_urls": ["https://x/y.png"]}),
        ("audio", {"audio_url": "https://x/y.mp3"}),
        ("video", {"video_urls": ["https://x/y.mp4"]}),
        ("video/enterprise", {"video_url": "https://x/y.mp4"}),
    ],
)
def test_the_routers_variants_have_the_output_and_its_usage_alone(
    fake: FakeFal, path: str, more: dict[str, Any]
) -> None:
    found = fal_client.run(f"{ROUTER}/{path}", {**ROUTED, **more})
    assert list(found) == ["output", "usage"]
    assert found["output"] == "Ship it."
    assert found["usage"]["prompt_tokens"] == USAGE["prompt_tokens"] + 258
    *partial, last = fal_client.stream(f"{ROUTER}/{path}", {**ROUTED, **more})
    assert [it["output"] for it in partial] == ["Ship", "Ship it."]
    assert last == found


def test_openais_client_gets_the_same_text_and_usage(fake: FakeFal) -> None:
    done = subprocess.run(
        [openai_python("3.54.0"), "-c", OPENAI, fake.url, fake.key],
        env=environment("none"),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        **dict.fromkeys(("chat", "chat streamed", "responses", "responses streamed"), "Ship it."),
        "usage": [USAGE["prompt_tokens"], USAGE["completion_tokens"], USAGE["cost"]],
    }


@pytest.mark.parametrize("prompt", ["Tell me a story", "naïve 船"])
def test_what_is_generated_is_the_same_on_all_of_the_routers_endpoints(
    fakefal: FakeFal, prompt: str
) -> None:
    fakefal.options(unmatched="generate")
    model, v1 = ROUTED["model"], f"{ROUTER}/openai/v1"
    messages = [{"role": "user", "content": prompt}]
    texts = {
        fal_client.run(ROUTER, {"prompt": prompt, "model": model})["output"],
        list(fal_client.stream(ROUTER, {"prompt": prompt, "model": model}))[-1]["output"],
        fal_client.run(f"{v1}/chat/completions", {"messages": messages, "model": model})["choices"][
            0
        ]["message"]["content"],
        fal_client.run(f"{v1}/responses", {"input": prompt, "model": model})["output"][0][
            "content"
        ][0]["text"],
    }
    assert len(texts) == 1


def test_openais_endpoints_answer_over_a_socket_too(fake: FakeFal) -> None:
    body = {"model": "openai/gpt-4o", "messages": [{"role": "user", "content": "tagline?"}]}
    path = f"{ROUTER}/openai/v1/chat/completions"
    whole = json.loads("".join(over_socket(fake, path, body)))
    assert whole["choices"][0]["message"]["content"] == "Ship it."
    events = "".join(over_socket(fake, path, {**body, "stream": True}))
    assert events.endswith("data: [DONE]\n\n")
