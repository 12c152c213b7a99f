"""``fakefal verify``."""

from __future__ import annotations

import asyncio
import re

import pytest

from tests.building import scenario
from tests.callers import running_caller
from tests.cli.running import fakefal


async def test_the_report_is_printed_and_the_exit_code_says_whether_something_differs() -> None:
    for options, code, last in (
        ({}, 0, "probes, 0 different"),
        ({"subpath": "accept"}, 1, "probes, 1 different"),
    ):
        async with running_caller(scenario(keys=["a:b"], **options)) as caller:
            ran = await asyncio.to_thread(fakefal, "verify", caller.server.url, "--key", "a:b")
        assert ran.code == code
        assert ran.err == ""
        first, *_, summary = ran.out.splitlines()
        assert re.fullmatch(r"http://\S+ on 20\d\d-\d\d-\d\dT\S+Z, by fakefal \S+", first)
        assert last in summary


def test_the_real_service_is_called_only_by_its_name() -> None:
    ran = fakefal("verify", "--key", "a:b")
    assert ran.code == 2
    assert ran.err == (
        "verify needs a target — write fakefal verify fal.ai to send probes to the real service "
        "with your key\n"
    )


def test_a_key_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FAL_KEY", raising=False)
    ran = fakefal("verify", "fal.ai")
    assert (ran.code, ran.err) == (
        2,
        "verify needs an API key — set FAL_KEY, or add --key\n",
    )
