"""Tests of users that record, and the second fake that they record from."""

from __future__ import annotations

from fakefal.server.thread import ThreadedServer

KEY = "5f0c8d1e-1111-4222-8333-944455556666:0123456789abcdef0123456789abcdef"

UPSTREAM = {
    "fakefal": 1,
    "exchanges": [
        {
            "when": {"input": {"prompt": "wait"}},
            "reply": {
                "text": "waited",
                "inference_time": "1.25s",
                "timeline": [
                    {"IN_QUEUE": {"position": 2}},
                    {"IN_PROGRESS": {"logs": ["loading"], "polls": 1}},
                ],
            },
        },
        {"when": {"input": {"prompt": "be rude"}}, "reply": {"fail": "content_policy_violation"}},
        {"when": {"input": {"prompt": "twice"}}, "replies": [{"text": "one"}, {"text": "two"}]},
        {"when": {"endpoint": "fal-ai/any-llm"}, "reply": {"text": "up {{ input.prompt }}"}},
    ],
}

CALLS = """
import json
import os
import re
from pathlib import Path

import fal_client
import pytest

def say(prompt="x"):
    return fal_client.run("fal-ai/any-llm", {"prompt": prompt})["output"]
"""


def calls_of(upstream: ThreadedServer) -> list[str]:
    """The prompts that upstream was asked."""
    fake = upstream.server
    return [call.input["prompt"] for call in upstream.call(lambda: fake.controls(KEY).calls())]


def from_(upstream: ThreadedServer) -> str:
    return f"--fakefal-upstream={upstream.server.url}"


def one(prompt: str, answer: str = "", mode: str = "once") -> str:
    return f"""{CALLS}
@pytest.mark.fakefal(record={mode!r}, scenario="x.yaml")
def test_one(fakefal):
    assert say({prompt!r}) == {answer or f"up {prompt}"!r}
"""
