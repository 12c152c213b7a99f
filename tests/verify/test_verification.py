"""Verification of a fakefal that does what was recorded, and of ones with planted deviations."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from fakefal.errors import FakefalError
from fakefal.protocol.core.hosts import QUEUE
from fakefal.verify.forms import Form, Received
from fakefal.verify.probes import Probe
from fakefal.verify.verification import ProbeClient, Result, report, verify
from tests.building import scenario
from tests.callers import running_caller

KEY = "good:key"


async def results_for(data: dict[str, Any]) -> list[Result]:
    async with running_caller(data) as caller:
        return await asyncio.to_thread(verify, ProbeClient(caller.server.url, KEY, 5).send)


def differing(results: list[Result]) -> list[str]:
    return [result.probe.name for result in results if result.is_different]


async def test_fakefal_does_what_was_recorded() -> None:
    results = await results_for(scenario(keys=[KEY]))
    assert differing(results) == []
    assert all(result.is_served for result in results)


@pytest.mark.parametrize(
    ("data", "name", "problem"),
    [
        (
            scenario(keys=[KEY], subpath="accept"),
            "status with the path of the endpoint",
            "status: expected 405, got 404",
        ),
        (
            scenario(keys=[KEY], key_wording="no-user"),
            "status with an unknown key",
            'body: expected {"detail":"invalid key credentials"}, got '
            '{"detail":"No user found for Key ID and Secret"}',
        ),
        (
            {**scenario(keys=[KEY]), "jwks": {"empty": True}},
            "keys that verify webhooks",
            'got {"keys":[]}',
        ),
    ],
)
async def test_a_planted_deviation_is_found(data: Any, name: str, problem: str) -> None:
    results = await results_for(data)
    assert differing(results) == [name]
    (result,) = [result for result in results if result.probe.name == name]
    assert problem in result.problems[0] if name.startswith("status with") else result.problems[-1]


def test_without_a_server_every_probe_says_why() -> None:
    with socket.socket() as unbound:
        unbound.bind(("127.0.0.1", 0))
        port = unbound.getsockname()[1]
        results = verify(ProbeClient(f"http://127.0.0.1:{port}", KEY, 5).send)
    assert {result.problems[0][:13] for result in results} == {"no response: "}


def test_a_target_is_the_real_service_by_name_or_a_url() -> None:
    for target in ("queue.fal.run", "fal", "ftp://x"):
        with pytest.raises(FakefalError, match=r"is neither fal\.ai nor a URL"):
            ProbeClient(target, KEY, 5)


def test_the_report_has_the_date_and_no_key() -> None:
    probe = Probe("p", "GET", QUEUE, "/x", Form(404), "seen", question="wording-of-401")
    (result,) = verify(lambda _: Received(200, {}, b""), [probe])
    lines = report([result, Result(probe, ())], "fal.ai", "1.0", f"2026-01-01 {KEY}", KEY)
    assert lines == [
        "fal.ai on 2026-01-01 KEY, by fakefal 1.0",
        "",
        "differs   p: GET queue.fal.run/x",
        "          status: expected 404, got 200",
        "          source: seen; docs/reference/open-questions.md#wording-of-401",
        "ok        p: GET queue.fal.run/x",
        "",
        "2 probes, 1 different",
    ]
