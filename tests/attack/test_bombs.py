"""What one caller sends must not keep the event loop, and with it all other keys, for long."""

from __future__ import annotations

import asyncio
import json
from io import BytesIO
from time import perf_counter

import aiohttp
import pytest

from fakefal.server.server import FakeFalServer

pytestmark = pytest.mark.slow

MAX_HOLD_SECONDS = 2.0
"""The aim is 0.25 s on a machine of its own, and is met but by a large scenario: its validation is
one call into pydantic, which keeps the interpreter. A busy machine stops the process for longer."""

SCENARIO = {
    "fakefal": 1,
    "exchanges": [
        {"when": {"endpoint": "*a*a*a*a*a*a*b"}, "reply": {"text": "x"}},
        *(
            {
                "when": {"endpoint": "acme/regex", "input": {"prompt": {"$regex": f"(a|aa)+{n}$"}}},
                "reply": {"text": "x"},
            }
            for n in range(20)
        ),
        *(
            {"when": {"endpoint": f"acme/t{number}"}, "reply": {"text": template}}
            for number, template in enumerate(
                (
                    "{% set x = 'a' * 8000000 %}{% for i in range(9) %}{{ x.count('b') }}"
                    "{% endfor %}",
                    "{{ range(60000) | batch(1) | sum(start=[]) | length }}",
                    "{{ [[[[[1]]]]] | tojson(indent=9999) }}",
                    "{% for i in range(90000) %}{{ i }}{% endfor %}",
                )
            )
        ),
    ],
}


async def longest_hold(stop: asyncio.Event) -> float:
    """The longest time for which the loop did not come round."""
    longest, last = 0.0, perf_counter()
    while not stop.is_set():
        await asyncio.sleep(0.005)
        now = perf_counter()
        longest, last = max(longest, now - last - 0.005), now
    return longest


async def test_no_call_keeps_the_loop() -> None:
    headers = {"Authorization": "Key id:secret"}
    big = {
        "fakefal": 1,
        "exchanges": [
            {"when": {"endpoint": f"acme/n{n}"}, "reply": {"text": "x"}} for n in range(9000)
        ],
    }
    async with FakeFalServer(SCENARIO) as server:
        stop = asyncio.Event()
        watch = asyncio.ensure_future(longest_hold(stop))
        async with aiohttp.ClientSession(headers=headers) as session:
            run = f"{server.url}/fal.run"
            calls = [
                session.post(f"{run}/{'a' * 6000}/{'a' * 1000}", json={}),
                session.post(f"{run}/acme/regex", json={"prompt": "a" * 5000 + "!"}),
                *(session.post(f"{run}/acme/t{number}", json={}) for number in range(4)),
                session.post(f"{run}/acme/x", data=BytesIO(b"[" + b"0," * 5_000_000 + b"0]")),
                session.put(
                    f"{server.url}/_fakefal/scenarios", data=BytesIO(json.dumps(big).encode())
                ),
                session.put(f"{server.url}/_fakefal/scenarios", data=BytesIO(b"#" * 5_000_000)),
            ]
            statuses = []
            for call in calls:
                async with call as response:
                    statuses.append(response.status)
        stop.set()
        held = await watch
    assert held < MAX_HOLD_SECONDS, f"the loop was held for {held:.3f} s"
    assert statuses[0] == 404
    assert statuses[6] == 413
    assert statuses[7] == 200
    assert statuses[8] == 413
    assert 500 not in statuses[6:]
