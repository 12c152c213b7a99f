from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import click
import httpx
import pytest

from fakefal.server.server import FakeFalServer
from fakefal.server.thread import ThreadedServer
from tests.cli.running import fakefal

SCENARIO: Any = {
    "fakefal": 1,
    "exchanges": [
        {"id": "tagline", "when": {"input": {"prompt": "tagline"}}, "reply": {"text": "Ship it."}}
    ],
}


@pytest.fixture
def url() -> Iterator[str]:
    with ThreadedServer(FakeFalServer(SCENARIO, clock="instant")) as server:
        for prompt in ("tagline", "slogan"):
            call(server.url, prompt)
        yield server.url


def call(url: str, prompt: str) -> None:
    body = {"prompt": prompt}
    headers = {"Authorization": "Key a:b"}
    with httpx.Client(trust_env=False) as client:
        client.post(f"{url}/fal.run/fal-ai/any-llm", json=body, headers=headers)


def shown(*argv: str) -> list[str]:
    ran = fakefal(*argv, "--key", "a:b")
    assert ran.err == ""
    return click.unstyle(ran.out).splitlines()


def test_the_journal_is_shown_as_serve_prints_it(url: str) -> None:
    first, second, miss, nearest = shown("journal", "--url", url)
    assert 'run     fal-ai/any-llm  "tagline"  200  tagline  ' in first
    assert 'run     fal-ai/any-llm  "slogan"  404  ' in second
    assert miss.strip() == "no exchange for fal-ai/any-llm (run)"
    assert nearest.strip().startswith('nearest: "tagline": input.prompt is "slogan", wanted')


def test_entries_are_selected(url: str) -> None:
    assert len(shown("journal", "--url", url, "--failed", "--json")) == 1
    (line,) = shown("journal", "--url", url, "--text", "TAGLINE", "--kind", "call", "--limit", "1",
                    "--json")  # fmt: skip
    assert json.loads(line)["input"] == {"prompt": "slogan"}  # its miss names the tagline
    assert shown("journal", "--url", url, "--kind", "webhook") == ["no entries"]


def test_misses_are_listed_and_lead_to_exit_code_1(url: str) -> None:
    ran = fakefal("misses", "--url", url, "--key", "a:b")
    assert (ran.code, ran.out.splitlines()[0]) == (1, "no exchange for fal-ai/any-llm (run)")
    (miss,) = json.loads(fakefal("misses", "--url", url, "--key", "a:b", "--json").out)
    assert miss["nearest"][0]["differences"] == ['input.prompt is "slogan", wanted "tagline"']
    assert fakefal("misses", "--url", url, "--key", "other:key").out == "no misses\n"


def test_a_server_that_is_not_there_is_an_error() -> None:
    ran = fakefal("journal", "--url", "http://127.0.0.1:1")
    assert ran.code == 2
    assert ran.err.endswith("— start fakefal serve, or pass --url\n")
